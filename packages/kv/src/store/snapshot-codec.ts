import { ByteReader, ByteWriter, crc32c, MalformedBytes } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { KEY_BYTES_MAX, VALUE_BYTES_MAX } from '../protocol/limits.js';
import { fromOneByteString, toOneByteString } from '../protocol/one-byte-string.js';
import { KvStore, type StoreContents } from './kv-store.js';
import { Version } from './version.js';

/** Version of the form of snapshots. Every version stays readable. */
export const SNAPSHOT_VERSION = 1;

/** The first bytes of a snapshot: `FLKV`. */
const MAGIC = 0x564b_4c46;
const RECORD_END = 0;
const RECORD_BASE = 1;
const RECORD_PUT = 2;
const RECORD_DELETE = 3;

const CHUNK_BYTES = 131_072;
/** The writer begins with so much and grows: most snapshots of a small store are a fraction of a chunk. */
const WRITER_BYTES = 4_096;
/** Keys looked at until a chunk is handed on, however little is in it. */
const VISITS_MAX = 16_384;
/** A composite key is the user's key behind up to 7 bytes of keyspace. */
const COMPOSITE_KEY_BYTES_MAX = KEY_BYTES_MAX + 8;
const EMPTY = new Uint8Array(0);

/**
 * The contents of a store as bytes, in pieces of about 128 KiB: a head with both revisions, then the live versions from
 * before the compaction point in the order of keys, then the history from the compaction point on in the order of writes,
 * then the number of records and a CRC32C of all before it. Equal states give equal bytes, whatever led to them.
 */
export function* encodeSnapshot(contents: StoreContents): Generator<Uint8Array, void, undefined> {
  const writer = new ByteWriter(WRITER_BYTES);
  let crc = 0;
  let records = 0;
  let visits = 0;
  const take = (): Uint8Array => {
    const chunk = writer.copy();
    crc = crc32c(chunk, crc);
    writer.reset();
    visits = 0;
    return chunk;
  };

  writer.u32(MAGIC);
  writer.u8(SNAPSHOT_VERSION);
  writer.varint(contents.revision);
  writer.varint(contents.compactRevision);
  for (let next: string | undefined = ''; next !== undefined;) {
    const low: string = next;
    next = undefined;
    for (const [key, { newest }] of contents.index.ascending(low)) {
      if (writer.length >= CHUNK_BYTES || visits >= VISITS_MAX) {
        next = key;
        break;
      }
      visits++;
      const base = baseOf(newest, contents.compactRevision);
      if (base === undefined) continue;
      writeVersion(writer, RECORD_BASE, base);
      records++;
    }
    // The index may change before the next chunk is asked for: the walk begins again where it stopped.
    if (next !== undefined && writer.length > 0) yield take();
    visits = 0;
  }
  const { versions, from, to } = contents.history;
  for (let at = from; at < to; at++) {
    const version = versions[at] as Version;
    writeVersion(writer, version.deleted ? RECORD_DELETE : RECORD_PUT, version);
    records++;
    if (writer.length >= CHUNK_BYTES) yield take();
  }
  writer.u8(RECORD_END);
  writer.varint(records);
  const last = take();
  yield last;
  writer.u32(crc);
  yield writer.copy();
}

/** The version below the compaction point that still shows there: the newest at or before it, unless that is in the history itself or a delete. */
function baseOf(newest: Version, compactRevision: number): Version | undefined {
  let version: Version | undefined = newest;
  while (version !== undefined && version.mod > compactRevision) version = version.prev;
  return version === undefined || version.mod === compactRevision || version.deleted ? undefined : version;
}

function writeVersion(writer: ByteWriter, record: number, version: Version): void {
  writer.u8(record);
  writer.bytes(fromOneByteString(version.key));
  writer.varint(version.mod);
  if (record === RECORD_DELETE) return;
  writer.varint(version.create);
  writer.varint(version.version);
  writer.varint(version.lease);
  writer.bytes(version.value);
}

/** Bytes of the longest record, and of the head and the end. */
const RECORD_BYTES_MAX = VALUE_BYTES_MAX + COMPOSITE_KEY_BYTES_MAX + 64;

/**
 * Builds a store from the chunks of a snapshot, given one after the other. Nothing else changes: the store is the
 * caller's, once `finish` has returned it.
 *
 * `push` and `finish` throw FlotillaError StorageCorrupt for bytes that are no snapshot, IncompatibleVersion for a newer form.
 */
export class SnapshotDecoder {
  readonly #store = new KvStore();
  #rest: Uint8Array = EMPTY;
  #offset = 0;
  #crc = 0;
  #records = 0;
  #revision = 0;
  #compactRevision = 0;
  #lastBaseKey = '';
  #lastMod = 0;
  #state: 'head' | 'base' | 'history' | 'checksum' | 'done' = 'head';

  /** Takes the next bytes, cut anywhere. */
  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let at = 0;
    while (at < bytes.length) {
      const next = this.#readItem(bytes, at);
      if (next === undefined) break;
      if (this.#state !== 'done') this.#crc = crc32c(bytes, this.#crc, at, next);
      this.#offset += next - at;
      at = next;
    }
    this.#rest = at === bytes.length ? EMPTY : bytes.slice(at);
    if (this.#rest.length > RECORD_BYTES_MAX) throw this.#corrupt('a record is longer than any can be');
  }

  /** The store, once all chunks were given. */
  finish(): KvStore {
    if (this.#state !== 'done' || this.#rest.length > 0) throw this.#corrupt('it ends in the middle');
    this.#store.loaded(this.#revision, this.#compactRevision);
    return this.#store;
  }

  /** Reads one item at `at` and returns where the next begins; undefined where more bytes are needed. */
  #readItem(bytes: Uint8Array, at: number): number | undefined {
    const reader = new ByteReader(bytes, at);
    try {
      if (this.#state === 'done') throw this.#corrupt('bytes after its end');
      if (this.#state === 'head') this.#readHead(reader);
      else if (this.#state === 'checksum') this.#readChecksum(reader);
      else this.#readRecord(reader);
      return reader.offset;
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      if (bytes.length - at < RECORD_BYTES_MAX) return undefined;
      throw this.#corrupt(error.message);
    }
  }

  #readHead(reader: ByteReader): void {
    if (reader.u32() !== MAGIC) throw this.#corrupt('it does not begin as one');
    const version = reader.u8();
    if (version !== SNAPSHOT_VERSION) {
      throw new FlotillaError('IncompatibleVersion', {
        message: `a key-value snapshot has format ${version}, this software reads ${SNAPSHOT_VERSION}; upgrade this node`,
        details: { ours: String(SNAPSHOT_VERSION), theirs: String(version) },
      });
    }
    this.#revision = reader.varint();
    this.#compactRevision = reader.varint();
    if (this.#revision < 1 || this.#compactRevision > this.#revision) throw this.#corrupt('its revisions cannot be');
    this.#lastMod = this.#compactRevision;
    this.#state = 'base';
  }

  #readRecord(reader: ByteReader): void {
    const record = reader.u8();
    if (record === RECORD_END) {
      const records = reader.varint();
      if (records !== this.#records) throw this.#corrupt(`${this.#records} records where it counts ${records}`);
      this.#state = 'checksum';
      return;
    }
    if (record > RECORD_DELETE) throw this.#corrupt(`unknown record ${record}`);
    const key = toOneByteString(reader.bytes(COMPOSITE_KEY_BYTES_MAX));
    const mod = reader.varint();
    const deleted = record === RECORD_DELETE;
    const create = deleted ? 0 : reader.varint();
    const count = deleted ? 0 : reader.varint();
    const lease = deleted ? 0 : reader.varint();
    const value = deleted ? EMPTY : reader.bytes(VALUE_BYTES_MAX);
    if (!deleted && (count < 1 || create < 1 || create > mod))
      throw this.#corrupt('the numbers of a version cannot be');
    if (record === RECORD_BASE) this.#checkBase(key, mod);
    else this.#checkHistory(mod);
    this.#records++;
    const where = record === RECORD_BASE ? 'base' : 'history';
    this.#store.load(new Version(key, mod, create, count, lease, EMPTY, undefined), value, where);
  }

  #checkBase(key: string, mod: number): void {
    const fits = this.#state === 'base' && key > this.#lastBaseKey && mod < this.#compactRevision;
    if (!fits) throw this.#corrupt('its keys are out of order');
    this.#lastBaseKey = key;
  }

  #checkHistory(mod: number): void {
    this.#state = 'history';
    if (mod < this.#lastMod || mod > this.#revision) throw this.#corrupt('its history is out of order');
    this.#lastMod = mod;
  }

  #readChecksum(reader: ByteReader): void {
    if (reader.u32() !== this.#crc) throw this.#corrupt('its checksum does not match');
    this.#state = 'done';
  }

  #corrupt(reason: string): FlotillaError<'StorageCorrupt'> {
    return new FlotillaError('StorageCorrupt', {
      message: `a key-value snapshot cannot be read at byte ${this.#offset}: ${reason}; it was not installed`,
      details: { path: 'key-value snapshot', offset: this.#offset, reason },
    });
  }
}
