// SETTINGS of HTTP/3 (RFC 9114, section 7.2.4) with those of extended CONNECT, datagrams and WebTransport.
import { H3_FRAME_ERROR, H3_SETTINGS_ERROR, Http3Error } from './error-code.js';
import { concatBytes, encodeVarint, readVarint, varintLength } from './varint.js';

export const QPACK_MAX_TABLE_CAPACITY = 0x01;
export const MAX_FIELD_SECTION_SIZE = 0x06;
export const QPACK_BLOCKED_STREAMS = 0x07;
/** RFC 9220, section 3. */
export const ENABLE_CONNECT_PROTOCOL = 0x08;
/** RFC 9297, section 2.1.1. */
export const H3_DATAGRAM = 0x33;
/** WebTransport as drafts 02 to 06 turn it on. */
export const ENABLE_WEBTRANSPORT_DRAFT_02 = 0x2b60_3742;
/** Sessions on a connection, in drafts 07 to 12. */
export const WEBTRANSPORT_MAX_SESSIONS_DRAFT_07 = 0xc671_706a;

/** Settings of HTTP/2 that must not be sent (RFC 9114, section 7.2.4.1). */
const RESERVED: readonly number[] = [0x00, 0x02, 0x03, 0x04, 0x05];
const BOOLEAN: readonly number[] = [ENABLE_CONNECT_PROTOCOL, H3_DATAGRAM];

/** Payload of a SETTINGS frame. */
export function encodeSettings(settings: ReadonlyMap<number, number>): Uint8Array {
  return concatBytes(...[...settings].flatMap(([id, value]) => [encodeVarint(id), encodeVarint(value)]));
}

/** Decodes the payload of a SETTINGS frame; throws {@link Http3Error} (connection) for one that breaks a rule. */
export function decodeSettings(payload: Uint8Array): ReadonlyMap<number, number> {
  const settings = new Map<number, number>();
  let offset = 0;
  const next = (): number => {
    const end = offset + varintLength(payload[offset] ?? 0);
    if (end > payload.length)
      throw new Http3Error('connection', H3_FRAME_ERROR, 'a SETTINGS frame ends within a setting');
    const value = readVarint(payload, offset);
    offset = end;
    return value;
  };
  while (offset < payload.length) {
    const id = next();
    const value = next();
    if (RESERVED.includes(id)) throw wrong(`setting ${id} belongs to HTTP/2`);
    if (settings.has(id)) throw wrong(`setting ${id} comes twice`);
    if (BOOLEAN.includes(id) && value > 1) throw wrong(`setting ${id} is 0 or 1, not ${value}`);
    settings.set(id, value);
  }
  return settings;
}

function wrong(message: string): Http3Error {
  return new Http3Error('connection', H3_SETTINGS_ERROR, message);
}
