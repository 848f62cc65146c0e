// The request that opens a session: extended CONNECT (RFC 8441, RFC 9220) of the protocol webtransport.
import { H3_MESSAGE_ERROR, Http3Error } from './error-code.js';
import type { Field } from './qpack.js';

/** What a client asks for when it opens a session. */
export interface ConnectRequest {
  /** Host and port that the client named (`:authority`). */
  readonly authority: string;
  /** Path with query (`:path`). */
  readonly path: string;
  /** Origin of the page that asks; absent where no browser is. */
  readonly origin?: string;
  /** All other fields, names in lower case, in the order in which they came. */
  readonly fields: readonly Field[];
}

/** What the fields of a request come to: a session that may be opened, or a status with which any other request is answered. */
export type RequestReading =
  | { readonly type: 'session'; readonly request: ConnectRequest }
  | { readonly type: 'refused'; readonly status: number };

const PSEUDO_FIELDS: readonly string[] = [':method', ':scheme', ':authority', ':path', ':protocol'];
/** Fields that speak of a connection of HTTP/1.1 (RFC 9114, section 4.2). */
const CONNECTION_FIELDS: readonly string[] = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
];
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const FORBIDDEN_VALUE = /[\0\r\n]|^[ \t]|[ \t]$/;

/**
 * Reads the fields of a request. Throws {@link Http3Error} (stream, H3_MESSAGE_ERROR) for a malformed one (RFC 9114, section 4.1.2). Requests that
 * are well-formed and open no session get 404, 405 or 501.
 */
export function readRequest(fields: readonly Field[]): RequestReading {
  const pseudo = new Map<string, string>();
  const others: Field[] = [];
  for (const [name, value] of fields) {
    if (name.startsWith(':')) {
      if (others.length > 0) throw malformed(`${name} comes after other fields`);
      if (!PSEUDO_FIELDS.includes(name)) throw malformed(`${JSON.stringify(name)} is no field of a request`);
      if (pseudo.has(name)) throw malformed(`${name} comes twice`);
      pseudo.set(name, value);
    } else {
      checkField(name, value);
      others.push([name, value]);
    }
    if (FORBIDDEN_VALUE.test(value)) throw malformed(`the value of ${name} has characters that no value may have`);
  }
  const method = pseudo.get(':method');
  const protocol = pseudo.get(':protocol');
  const path = pseudo.get(':path');
  const authority = pseudo.get(':authority') ?? others.find(([name]) => name === 'host')?.[1];
  if (method === undefined) throw malformed(':method is missing');
  if (method === 'CONNECT' && protocol === undefined) {
    if (pseudo.has(':path') || pseudo.has(':scheme')) throw malformed('a plain CONNECT has no :path and no :scheme');
    if (!pseudo.has(':authority')) throw malformed(':authority is missing');
    return { type: 'refused', status: 405 };
  }
  if (method !== 'CONNECT' && protocol !== undefined) throw malformed(':protocol belongs to CONNECT alone');
  if (!pseudo.has(':scheme') || path === undefined || path === '') throw malformed(':scheme or :path is missing');
  if (authority === undefined || authority === '') throw malformed(':authority is missing');
  if (method !== 'CONNECT') return { type: 'refused', status: method === 'GET' || method === 'HEAD' ? 404 : 405 };
  if (protocol !== 'webtransport') return { type: 'refused', status: 501 };
  if (pseudo.get(':scheme') !== 'https') return { type: 'refused', status: 400 };
  const origins = others.filter(([name]) => name === 'origin');
  if (origins.length > 1) throw malformed('origin comes twice');
  const origin = origins[0]?.[1];
  return { type: 'session', request: { authority, path, ...(origin === undefined ? {} : { origin }), fields: others } };
}

function checkField(name: string, value: string): void {
  if (!NAME.test(name)) throw malformed(`${JSON.stringify(name)} is no name of a field`);
  if (CONNECTION_FIELDS.includes(name) || (name === 'te' && value !== 'trailers')) {
    throw malformed(`${name} speaks of a connection, which is no matter of HTTP/3`);
  }
}

function malformed(message: string): Http3Error {
  return new Http3Error('stream', H3_MESSAGE_ERROR, message);
}
