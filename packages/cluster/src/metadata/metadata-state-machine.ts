import { ByteReader, ByteWriter, concat, MalformedBytes } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { Command, PinnedSnapshot, StateMachine } from '../state-machine.js';
import { applyMetadata } from './apply-metadata.js';
import { decodeMetadataEntry } from './metadata-entry.js';
import { encodeMetadataResult } from './metadata-result.js';
import { decodeMetadataState, EMPTY_METADATA, encodeMetadataState, type MetadataState } from './metadata-state.js';

/** Told of the state after each applied batch that changed it, and after a restored snapshot. Must not throw. */
export type MetadataListener = (state: MetadataState, previous: MetadataState) => void;

const SNAPSHOT_VERSION = 1;
/** Version and length that stand before the state in a snapshot. */
const STATE_LENGTH_BYTES = 5;
const STATE_BYTES_MAX = 64 * 1024 * 1024;

/**
 * The state machine of group 0. A command that cannot be decoded throws, which stops group 0 on this node, loudly: skipping it would let
 * replicas drift apart. A command that is refused changes nothing, on all replicas alike.
 */
export class MetadataStateMachine implements StateMachine {
  #state: MetadataState = EMPTY_METADATA;
  readonly #user: StateMachine | undefined;
  readonly #listener: MetadataListener;

  constructor(options: { readonly user?: StateMachine | undefined; readonly listener: MetadataListener }) {
    this.#user = options.user;
    this.#listener = options.listener;
  }

  get state(): MetadataState {
    return this.#state;
  }

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    const previous = this.#state;
    const results = commands.map((command) => this.#applyOne(command));
    if (this.#state !== previous) this.#listener(this.#state, previous);
    return results;
  }

  #applyOne(command: Command): Uint8Array {
    const entry = decodeMetadataEntry(command.data);
    const { state, result } = applyMetadata(this.#state, entry, command);
    this.#state = state;
    if (entry.kind !== 'user') return encodeMetadataResult(result);
    const [value] = this.#user?.apply([{ ...command, data: entry.command }]) ?? [];
    return encodeMetadataResult({ node: 0, value: value ?? new Uint8Array(0) });
  }

  snapshot(): PinnedSnapshot {
    const state = encodeMetadataState(this.#state);
    const user = this.#user?.snapshot();
    return {
      async *read() {
        const head = new ByteWriter(STATE_LENGTH_BYTES + state.length);
        head.u8(SNAPSHOT_VERSION);
        head.u32(state.length);
        head.raw(state);
        yield head.take();
        if (user !== undefined) yield* user.read();
      },
      release: () => user?.release(),
    };
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const source = chunks[Symbol.asyncIterator]();
    const { state, rest } = await readState(source);
    await this.#user?.restore(remaining(rest, source));
    const previous = this.#state;
    this.#state = state;
    this.#listener(state, previous);
  }
}

async function readState(source: AsyncIterator<Uint8Array>): Promise<{ state: MetadataState; rest: Uint8Array }> {
  let bytes: Uint8Array = new Uint8Array(0);
  const need = async (length: number): Promise<void> => {
    while (bytes.length < length) {
      const { done, value } = await source.next();
      if (done === true) throw malformed(`a snapshot of group 0 ends after ${bytes.length} bytes`);
      bytes = bytes.length === 0 ? value : concat([bytes, value]);
    }
  };
  await need(STATE_LENGTH_BYTES);
  const length = stateLength(bytes);
  await need(STATE_LENGTH_BYTES + length);
  const end = STATE_LENGTH_BYTES + length;
  return { state: decodeMetadataState(bytes.subarray(STATE_LENGTH_BYTES, end)), rest: bytes.subarray(end) };
}

function stateLength(bytes: Uint8Array): number {
  try {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== SNAPSHOT_VERSION) {
      throw new FlotillaError('IncompatibleVersion', {
        message: `a snapshot of group 0 has format version ${version}, this build reads ${SNAPSHOT_VERSION}. Upgrade this node`,
        details: { ours: String(SNAPSHOT_VERSION), theirs: String(version) },
      });
    }
    const length = reader.u32();
    if (length > STATE_BYTES_MAX) throw malformed(`a snapshot of group 0 claims ${length} bytes of state`);
    return length;
  } catch (error) {
    if (error instanceof MalformedBytes) throw malformed(error.message);
    throw error;
  }
}

async function* remaining(rest: Uint8Array, source: AsyncIterator<Uint8Array>): AsyncIterable<Uint8Array> {
  if (rest.length > 0) yield rest;
  for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
}

function malformed(reason: string): FlotillaError {
  return new FlotillaError('MalformedFrame', { message: reason, details: { reason } });
}
