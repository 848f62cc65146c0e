import { encodeError, FlotillaError, toFlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { SnapshotMark, SnapshotStore, SnapshotWriter, StoredSnapshot } from '@flotilla/storage';
import type { IncomingStream } from '@flotilla/transport';
import {
  decodeSnapshotStreamHeader,
  encodeSnapshotStreamAnswer,
  type SnapshotStreamAnswer,
  type SnapshotStreamHeader,
} from '@flotilla/wire';
import type { Group } from '../group/group.js';
import { overloaded } from '../group/refusals.js';
import type { SnapshotHost } from '../raft-loop/snapshot-keeper.js';
import { readChunks } from './chunk-framing.js';
import { type Exclusive, Lanes } from './exclusive.js';
import type { SnapshotOptions } from './snapshot-options.js';
import { within } from './throttle.js';

/** A chunk above it is refused, whatever the sender's setting. */
const CHUNK_BYTES_MAX = 64 * 1024 * 1024;
const NO_ERROR = new Uint8Array(0);

/** What a receiver works with. */
export interface SnapshotReceiverParts {
  readonly runtime: Runtime;
  readonly store: SnapshotStore;
  readonly host: SnapshotHost;
  readonly options: SnapshotOptions;
  readonly exclusive: Exclusive;
  /** A complete snapshot was stored. */
  complete(stored: StoredSnapshot): void;
}

/** What identifies the bytes of a kept partial. */
type PartialIdentity = Pick<SnapshotStreamHeader, 'size' | 'checksum'> & Pick<SnapshotMark, 'index' | 'term'>;

/**
 * Takes snapshots that leaders stream here. The content is verified and durable before the core hears of it; a broken transfer
 * leaves a partial file, from whose end the next one goes on.
 */
export class SnapshotReceiver {
  readonly #parts: SnapshotReceiverParts;
  readonly #lanes: Lanes;
  readonly #partials = new Map<number, PartialIdentity>();
  /** Transfers under way, by group. */
  readonly #running = new Map<number, AbortController>();
  #stopped = false;

  constructor(parts: SnapshotReceiverParts) {
    this.#parts = parts;
    this.#lanes = new Lanes(parts.options.receivesMax);
  }

  /** Takes a stream that a peer opened, and answers or aborts it. */
  receive(node: number, stream: IncomingStream): void {
    this.#answer(node, stream).then(
      (answer) => stream.answer(encodeSnapshotStreamAnswer(answer)),
      (error: unknown) => stream.abort(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async #answer(node: number, stream: IncomingStream): Promise<SnapshotStreamAnswer> {
    const header = decodeSnapshotStreamHeader(stream.header);
    if (header.message.from !== node) {
      throw new FlotillaError('MalformedFrame', {
        message: `node ${node} sends a snapshot in the name of node ${header.message.from}`,
        details: { reason: 'sent in the name of another node' },
      });
    }
    this.#parts.host.observeEpoch(header.clusterEpoch);
    const group = this.#parts.host.group(header.group);
    if (group === undefined || group.incarnation !== header.incarnation) {
      return refused(
        0,
        new FlotillaError('GroupNotFound', {
          message: `this node holds no replica of group ${header.group} in incarnation ${header.incarnation}`,
          details: { group: header.group },
        }),
      );
    }
    const { receivesMax } = this.#parts.options;
    if (this.#lanes.isFull) {
      return refused(group.raw.term, overloaded('snapshots being received', receivesMax));
    }
    return this.#lanes.run(() => this.#parts.exclusive.run(group.id, () => this.#takeAlone(group, header, stream)));
  }

  async #takeAlone(group: Group, header: SnapshotStreamHeader, stream: IncomingStream): Promise<SnapshotStreamAnswer> {
    const abort = new AbortController();
    if (this.#stopped) abort.abort();
    this.#running.set(group.id, abort);
    try {
      return await this.#take(group, header, this.#watched(stream, abort.signal));
    } finally {
      this.#running.delete(group.id);
    }
  }

  async #take(
    group: Group,
    header: SnapshotStreamHeader,
    pieces: AsyncIterable<Uint8Array>,
  ): Promise<SnapshotStreamAnswer> {
    const { message } = header;
    const { snapshot } = message;
    const refusal = group.refusal();
    if (refusal !== undefined) return refused(group.raw.term, refusal);
    if (snapshot === undefined || message.term < group.raw.term) {
      return refused(group.raw.term, behind(group, message.term));
    }
    if (snapshot.index <= group.raw.commit) {
      // Not needed any more: the core says so to the leader itself.
      this.#parts.host.received(group, message, undefined);
      return { status: 'installed', term: group.raw.term, offset: 0, error: NO_ERROR };
    }
    const mark: SnapshotMark = { index: snapshot.index, term: snapshot.term, confState: snapshot.confState };
    const writer = await this.#openWriter(group.id, mark, header);
    try {
      const complete = await this.#fill(writer, header, pieces);
      if (!complete) {
        const { offset } = writer;
        await writer.abort({ keep: true });
        return { status: 'resume', term: group.raw.term, offset, error: NO_ERROR };
      }
    } catch (error) {
      await writer.abort({ keep: true });
      throw error;
    }
    this.#partials.delete(group.id);
    const stored = await writer.commit({ size: header.size, checksum: header.checksum });
    return this.#step(group, header, stored);
  }

  #step(group: Group, header: SnapshotStreamHeader, stored: StoredSnapshot): SnapshotStreamAnswer {
    this.#parts.complete(stored);
    const refusal = group.refusal();
    if (refusal !== undefined) return refused(group.raw.term, refusal);
    const result = this.#parts.host.received(group, header.message, stored);
    if (result === 'ok') return { status: 'installed', term: group.raw.term, offset: 0, error: NO_ERROR };
    return refused(
      group.raw.term,
      new FlotillaError('MalformedFrame', {
        message: `the core of group ${group.id} refused the snapshot at ${stored.index}: ${result}`,
        details: { reason: result },
      }),
    );
  }

  /** Goes on with the partial that is kept of exactly these bytes, or begins anew. */
  async #openWriter(group: number, mark: SnapshotMark, header: SnapshotStreamHeader): Promise<SnapshotWriter> {
    const { size, checksum } = header;
    const kept = this.#partials.get(group);
    const other =
      kept !== undefined &&
      (kept.index !== mark.index || kept.term !== mark.term || kept.size !== size || kept.checksum !== checksum);
    this.#partials.set(group, { index: mark.index, term: mark.term, size, checksum });
    const writer = await this.#parts.store.create(group, mark, { resume: !other });
    if (writer.offset <= size) return writer;
    await writer.abort({ keep: false });
    return this.#parts.store.create(group, mark, { resume: false });
  }

  /** Writes what comes; whether the content is then complete. */
  async #fill(
    writer: SnapshotWriter,
    header: SnapshotStreamHeader,
    pieces: AsyncIterable<Uint8Array>,
  ): Promise<boolean> {
    let position = header.offset;
    if (position > writer.offset) return false;
    for await (const chunk of readChunks(pieces, CHUNK_BYTES_MAX)) {
      const held = Math.min(chunk.length, Math.max(0, writer.offset - position));
      position += chunk.length;
      if (position > header.size) {
        throw new FlotillaError('MalformedFrame', {
          message: `a snapshot of ${header.size} bytes goes on beyond its end`,
          details: { reason: 'longer than announced' },
        });
      }
      if (held < chunk.length) await writer.write(held === 0 ? chunk : chunk.subarray(held));
    }
    return writer.offset === header.size;
  }

  /** The stream's pieces; throws Timeout when none comes for too long, Aborted when the transfer is given up. */
  async *#watched(stream: IncomingStream, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const { runtime, options } = this.#parts;
    const pieces = stream[Symbol.asyncIterator]();
    for (;;) {
      const next = await within(runtime, 'receiving a snapshot', options.stallTimeoutMs, signal, pieces.next());
      if (next.done === true) return;
      yield next.value;
    }
  }

  /** Gives up the transfer of a group, and forgets what is known of it. */
  drop(group: number): void {
    this.#partials.delete(group);
    this.#running.get(group)?.abort();
  }

  /** Gives up all transfers. */
  stop(): void {
    this.#stopped = true;
    for (const abort of this.#running.values()) abort.abort();
  }
}

function refused(term: number, error: unknown): SnapshotStreamAnswer {
  return { status: 'refused', term, offset: 0, error: encodeError(toFlotillaError(error)) };
}

function behind(group: Group, term: number): FlotillaError<'NotLeader'> {
  const leader = group.raw.leader;
  return new FlotillaError('NotLeader', {
    message: `group ${group.id} is in term ${group.raw.term} here, and the snapshot comes from a leader of term ${term}`,
    details: { group: group.id, ...(leader === 0 ? {} : { leader }) },
  });
}
