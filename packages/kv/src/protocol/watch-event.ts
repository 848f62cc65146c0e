import type { ByteReader, ByteWriter } from '@flotilla/bytes';
import { readKeyValue, writeKeyValue } from './answer-codec.js';
import type { KeyValue } from './operation.js';

/** One change of one key. */
export interface WatchEvent {
  readonly type: 'put' | 'delete';
  /** As it is after the change; of a delete only `key` and `modRevision` tell something. */
  readonly kv: KeyValue;
  /** As it was as of the revision before, where the watch asked for it, the key existed, and that revision was not compacted. */
  readonly prevKv: KeyValue | undefined;
}

const PUT = 1;
const DELETE = 2;
const HAS_PREV = 4;
const EMPTY = new Uint8Array(0);

/** Bytes that the smallest event takes. */
export const WATCH_EVENT_BYTES_MIN = 3;

/** Appends an event. */
export function writeWatchEvent(writer: ByteWriter, event: WatchEvent): void {
  const { type, kv, prevKv } = event;
  writer.u8((type === 'put' ? PUT : DELETE) | (prevKv === undefined ? 0 : HAS_PREV));
  if (type === 'put') {
    writeKeyValue(writer, kv);
  } else {
    writer.bytes(kv.key);
    writer.varint(kv.modRevision);
  }
  if (prevKv !== undefined) writeKeyValue(writer, prevKv);
}

/** Reads an event; keys and values are views of the reader's bytes. */
export function readWatchEvent(reader: ByteReader): WatchEvent {
  const flags = reader.u8();
  const type = flags & 3;
  if ((flags & ~(3 | HAS_PREV)) !== 0 || (type !== PUT && type !== DELETE))
    reader.fail(`unknown kind of event ${flags}`);
  const kv = type === PUT ? readKeyValue(reader) : readDeleted(reader);
  const prevKv = (flags & HAS_PREV) === 0 ? undefined : readKeyValue(reader);
  return { type: type === PUT ? 'put' : 'delete', kv, prevKv };
}

function readDeleted(reader: ByteReader): KeyValue {
  const key = reader.bytes();
  return { key, value: EMPTY, createRevision: 0, modRevision: reader.varint(), version: 0, lease: 0 };
}
