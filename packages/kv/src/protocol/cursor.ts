import { ByteReader, ByteWriter, crc32c, MalformedBytes } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import { KEY_BYTES_MAX } from './limits.js';

const CURSOR_VERSION = 1;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Where a scan or a watch stands in one group. */
export interface GroupPosition {
  readonly group: number;
  /** Of a scan: the revision that it reads at. Of a watch: the last revision whose events were all given. */
  readonly revision: number;
}

/**
 * Where a scan or a watch over several groups stands. Groups count revisions for themselves, so it has one for each: a vector.
 * Users see it as an opaque string. A scan that is done can be given to a watch, which then begins just after what was read.
 */
export interface Cursor {
  /** CRC32C of the keyspace and range that it belongs to, so that it is refused for another. */
  readonly scope: number;
  /** Ascending by group. */
  readonly positions: readonly GroupPosition[];
  /** The scan goes on after this key (before it, where descending); undefined: it is done, or the cursor is a watch's. */
  readonly after: Uint8Array | undefined;
}

/** The scope of a cursor over [key, end) of a keyspace. */
export function cursorScope(keyspace: number, key: Uint8Array, end: Uint8Array | undefined): number {
  const writer = new ByteWriter(64);
  writer.varint(keyspace);
  writer.bytes(key);
  writer.boolean(end !== undefined);
  if (end !== undefined) writer.bytes(end);
  return crc32c(writer.view());
}

/** A cursor as users see it: letters, digits, `-` and `_`. */
export function encodeCursor(cursor: Cursor): string {
  const writer = new ByteWriter(64);
  writer.u8(CURSOR_VERSION);
  writer.u32(cursor.scope);
  writer.varint(cursor.positions.length);
  for (const { group, revision } of cursor.positions) {
    writer.varint(group);
    writer.varint(revision);
  }
  writer.boolean(cursor.after !== undefined);
  if (cursor.after !== undefined) writer.bytes(cursor.after);
  writer.u32(crc32c(writer.view()));
  return toBase64Url(writer.view());
}

/** Reads a cursor. @throws {FlotillaError} CursorInvalid for what is none, or belongs to another scope */
export function decodeCursor(text: string, scope: number): Cursor {
  const bytes = fromBase64Url(text);
  if (bytes.length < 4) throw invalid('it is too short');
  const body = bytes.subarray(0, bytes.length - 4);
  if (new ByteReader(bytes, body.length).u32() !== crc32c(body)) throw invalid('its checksum does not match');
  const cursor = readCursor(body);
  if (cursor.scope !== scope) throw invalid('it belongs to another range');
  return cursor;
}

function readCursor(bytes: Uint8Array): Cursor {
  const reader = new ByteReader(bytes);
  try {
    const version = reader.u8();
    if (version !== CURSOR_VERSION) reader.fail(`version ${version}`);
    const scope = reader.u32();
    const positions: GroupPosition[] = [];
    for (let left = reader.count(2); left > 0; left--) {
      positions.push({ group: reader.varint(), revision: reader.varint() });
    }
    const after = reader.boolean() ? reader.bytes(KEY_BYTES_MAX) : undefined;
    reader.end();
    return { scope, positions, after };
  } catch (error) {
    if (error instanceof MalformedBytes) throw invalid(error.message);
    throw error;
  }
}

function toBase64Url(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const [a = 0, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const bits = (a << 16) | (b << 8) | c;
    const digits = Math.min(4, bytes.length - at + 1);
    for (let digit = 0; digit < digits; digit++) text += DIGITS.charAt((bits >> (18 - 6 * digit)) & 63);
  }
  return text;
}

function fromBase64Url(text: string): Uint8Array {
  if (text.length % 4 === 1) throw invalid('its length cannot be');
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const character of text) {
    const digit = DIGITS.indexOf(character);
    if (digit < 0) throw invalid('a character that none has');
    bits = ((bits << 6) | digit) & 0xffff;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes[at++] = (bits >> held) & 0xff;
  }
  if (toBase64Url(bytes) !== text) throw invalid('bits at its end that none has');
  return bytes;
}

function invalid(reason: string): FlotillaError<'CursorInvalid'> {
  return new FlotillaError('CursorInvalid', {
    message: `not a cursor of this scan or watch: ${reason}; give it back as it was, or begin without one`,
    details: { reason },
  });
}
