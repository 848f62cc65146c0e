import { ByteReader, ByteWriter, concat } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { CLIENT_ID_BYTES } from '@flotilla/wire';
import { type Session, type SessionLimits, SessionTable } from './session-table.js';

/** First bytes of a snapshot of a group with sessions; the last one is the version of the form. */
const MAGIC = new Uint8Array([0x66, 0x6c, 0x73, 0x01]);
/** A record of a session above it is taken for damage. */
const RECORD_BYTES_MAX = 256 * 1024 * 1024;
const PREFIX_BYTES = 4;

/** What a snapshot holds beside the wrapped machine's own: the sessions, and the index of the last command. */
export interface SessionState {
  readonly lastIndex: number;
  readonly sessions: readonly Session[];
}

/** A copy of the sessions that later commands do not change; results are shared. */
export function pinSessions(table: SessionTable, lastIndex: number): SessionState {
  const sessions = [...table.all()].map((session) => ({ ...session, results: new Map(session.results) }));
  return { lastIndex, sessions };
}

/** Header, then a length and a record for each session, in order of use; the wrapped machine's bytes follow. */
export function* writeSessions(state: SessionState): Generator<Uint8Array, void, undefined> {
  const header = new ByteWriter(64);
  header.raw(MAGIC);
  header.u64(state.lastIndex);
  header.u32(state.sessions.length);
  yield header.take();
  for (const session of state.sessions) {
    const writer = new ByteWriter(64 + session.bytes);
    writer.u32(0);
    writer.raw(session.clientId);
    writer.varint(session.vshard);
    writer.varint(session.ttlMs);
    writer.varint(session.acknowledged);
    writer.varint(session.highest);
    writer.varint(session.results.size);
    for (const [sequence, result] of session.results) {
      writer.varint(sequence);
      writer.bytes(result);
    }
    writer.patchU32(0, writer.length - PREFIX_BYTES);
    yield writer.take();
  }
}

/** Sessions read from the front of a snapshot, and what follows them. */
export interface ReadSessions {
  readonly table: SessionTable;
  readonly lastIndex: number;
  /** The wrapped machine's own bytes. */
  readonly rest: AsyncIterable<Uint8Array>;
}

/** Reads what `writeSessions` wrote. @throws MalformedFrame, IncompatibleVersion */
export async function readSessions(chunks: AsyncIterable<Uint8Array>, limits: SessionLimits): Promise<ReadSessions> {
  const source = new Source(chunks[Symbol.asyncIterator]());
  const header = new ByteReader(await source.take(MAGIC.length + 12));
  checkMagic(header.raw(MAGIC.length));
  const lastIndex = header.u64();
  const count = header.u32();
  const table = new SessionTable(limits);
  for (let at = 0; at < count; at++) {
    const length = new ByteReader(await source.take(PREFIX_BYTES)).u32();
    if (length > RECORD_BYTES_MAX) throw malformed(`a record of ${length} bytes`);
    table.restore(readRecord(await source.take(length)));
  }
  return { table, lastIndex, rest: source.rest() };
}

function checkMagic(magic: Uint8Array): void {
  const same = magic.subarray(0, 3).every((byte, at) => byte === MAGIC[at]);
  if (!same) throw malformed('it begins with other bytes');
  if (magic[3] === MAGIC[3]) return;
  throw new FlotillaError('IncompatibleVersion', {
    message: `the snapshot's sessions have form ${magic[3]}, and this version reads form ${MAGIC[3]}`,
    details: { ours: `${MAGIC[3]}`, theirs: `${magic[3]}` },
  });
}

function readRecord(bytes: Uint8Array): Session {
  try {
    const reader = new ByteReader(bytes);
    const clientId = reader.raw(CLIENT_ID_BYTES);
    const vshard = reader.varint();
    const ttlMs = reader.varint();
    const acknowledged = reader.varint();
    const highest = reader.varint();
    const results = new Map<number, Uint8Array>();
    let held = 0;
    for (let left = reader.count(2); left > 0; left--) {
      const sequence = reader.varint();
      const result = reader.bytes();
      results.set(sequence, result);
      held += result.length;
    }
    reader.end();
    return { clientId, vshard, ttlMs, acknowledged, highest, results, bytes: held, touched: 0 };
  } catch (error) {
    throw malformed(error instanceof Error ? error.message : String(error));
  }
}

function malformed(reason: string): FlotillaError<'MalformedFrame'> {
  return new FlotillaError('MalformedFrame', {
    message: `the snapshot is none of a group with sessions: ${reason}`,
    details: { reason },
  });
}

/** Takes exact counts of bytes off a stream of chunks. */
class Source {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #held: Uint8Array[] = [];
  #bytes = 0;

  constructor(chunks: AsyncIterator<Uint8Array>) {
    this.#chunks = chunks;
  }

  async take(count: number): Promise<Uint8Array> {
    while (this.#bytes < count) {
      const next = await this.#chunks.next();
      if (next.done === true) throw malformed('it ends within the sessions');
      this.#held.push(next.value);
      this.#bytes += next.value.length;
    }
    const whole = this.#held.length === 1 && this.#held[0] !== undefined ? this.#held[0] : concat(this.#held);
    this.#held = [whole.subarray(count)];
    this.#bytes -= count;
    return whole.subarray(0, count);
  }

  async *rest(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const chunk of this.#held) if (chunk.length > 0) yield chunk;
    this.#held = [];
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
}
