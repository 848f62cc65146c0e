/**
 * Error codes of HTTP/3 (RFC 9114, section 8.1), of QPACK (RFC 9204, section 8.3), of HTTP datagrams (RFC 9297, section
 * 5.2) and of WebTransport over HTTP/3 (draft-ietf-webtrans-http3, section 9.5).
 */
export const H3_DATAGRAM_ERROR = 0x33;
export const H3_NO_ERROR = 0x100;
export const H3_INTERNAL_ERROR = 0x102;
export const H3_STREAM_CREATION_ERROR = 0x103;
export const H3_CLOSED_CRITICAL_STREAM = 0x104;
export const H3_FRAME_UNEXPECTED = 0x105;
export const H3_FRAME_ERROR = 0x106;
export const H3_EXCESSIVE_LOAD = 0x107;
export const H3_ID_ERROR = 0x108;
export const H3_SETTINGS_ERROR = 0x109;
export const H3_MISSING_SETTINGS = 0x10a;
export const H3_REQUEST_REJECTED = 0x10b;
export const H3_REQUEST_CANCELLED = 0x10c;
export const H3_MESSAGE_ERROR = 0x10e;
export const QPACK_DECOMPRESSION_FAILED = 0x200;
export const QPACK_ENCODER_STREAM_ERROR = 0x201;
export const QPACK_DECODER_STREAM_ERROR = 0x202;
/** A stream came whose session is not known, and there was no room to wait for it. */
export const WT_BUFFERED_STREAM_REJECTED = 0x3994bd84;
/** The session of the stream has ended. */
export const WT_SESSION_GONE = 0x170d7b68;

/** A peer broke a rule of HTTP/3. The scope says what ends because of it: the connection, or the stream alone. */
export class Http3Error extends Error {
  override readonly name = 'Http3Error';
  /** Error code that the peer is told. */
  readonly code: number;
  readonly scope: 'connection' | 'stream';

  constructor(scope: 'connection' | 'stream', code: number, message: string) {
    super(message);
    this.scope = scope;
    this.code = code;
  }
}

const FIRST_APPLICATION_CODE = 0x52e4_a40f_a8db;
const LAST_APPLICATION_CODE = 0x52e5_ac98_3162;

/**
 * The HTTP/3 code that carries an application's code of 32 bits in RESET_STREAM and STOP_SENDING; code points that HTTP/3
 * reserves (0x1f * N + 0x21) are stepped over (draft-ietf-webtrans-http3, section 4.4).
 */
export function toHttp3Code(applicationCode: number): number {
  return FIRST_APPLICATION_CODE + applicationCode + Math.floor(applicationCode / 0x1e);
}

/** The application's code that an HTTP/3 code carries; `undefined` for any code that no application sent. */
export function toApplicationCode(http3Code: number): number | undefined {
  if (http3Code < FIRST_APPLICATION_CODE || http3Code > LAST_APPLICATION_CODE) return undefined;
  if ((http3Code - 0x21) % 0x1f === 0) return undefined;
  const shifted = http3Code - FIRST_APPLICATION_CODE;
  return shifted - Math.floor(shifted / 0x1f);
}
