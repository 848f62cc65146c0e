// What goes over the control stream: frames of type, length and body (integers as in RFC 9000 section 16).
import { QuicError } from '../errors.js';
import { concatBytes, encodeVarint, readVarint, varintLength } from '../http3/varint.js';
import { FrameReader } from './frame-reader.js';

/** The version of this protocol, in both hellos. */
export const VERSION = 1;

/** The longest body of a control frame, bytes: a hello with a chain of certificates. */
export const MAX_CONTROL_BODY: number = 32 * 1024;

/** The length of a nonce, bytes. */
export const NONCE_BYTES = 32;

/** What a side allows the other. */
export interface PeerLimits {
  readonly maxBidirectional: number;
  readonly maxUnidirectional: number;
  /** Bytes of one stream that may be under way and unread. */
  readonly windowBytes: number;
}

/**
 * Why a session is closed: by the application, because a rule was broken, because nothing came for too long, or because the peer's
 * certificate or proof was not taken.
 */
export type CloseKind = 'application' | 'violation' | 'timeout' | 'refused';

/** In the order of their numbers on the wire. */
export const CLOSE_KINDS: readonly CloseKind[] = ['application', 'violation', 'timeout', 'refused'];

/** A frame of the control stream. Ids name a stream: number * 4 + 2 if it has one direction + 1 if the server opened it. */
export type ControlFrame =
  | { readonly type: 'client-hello'; readonly version: number; readonly nonce: Uint8Array; readonly limits: PeerLimits }
  | {
      readonly type: 'server-hello';
      readonly version: number;
      readonly limits: PeerLimits;
      /** DER, leaf first; none where TLS alone proves the server. */
      readonly chain: readonly Uint8Array[];
      readonly signature: Uint8Array;
    }
  /** The sender of a stream may have sent so many bytes in all. */
  | { readonly type: 'credit'; readonly id: number; readonly limit: number }
  /** The reader of a stream wants no more of it. */
  | { readonly type: 'stop'; readonly id: number; readonly code: number }
  /** The peer may have opened so many streams in all. */
  | { readonly type: 'max-streams'; readonly direction: 'bidirectional' | 'unidirectional'; readonly total: number }
  | { readonly type: 'ping'; readonly token: number }
  | { readonly type: 'pong'; readonly token: number }
  | { readonly type: 'drain' }
  | { readonly type: 'close'; readonly kind: CloseKind; readonly code: number; readonly reason: string };

const TYPES = {
  'client-hello': 1,
  'server-hello': 2,
  credit: 3,
  stop: 4,
  'max-streams': 5,
  ping: 6,
  pong: 7,
  drain: 8,
  close: 9,
} as const;

/** The frame's bytes. */
export function encodeControlFrame(frame: ControlFrame): Uint8Array {
  const body = concatBytes(...bodyOf(frame));
  return concatBytes(encodeVarint(TYPES[frame.type]), encodeVarint(body.length), body);
}

function bodyOf(frame: ControlFrame): readonly Uint8Array[] {
  switch (frame.type) {
    case 'client-hello':
      return [encodeVarint(frame.version), frame.nonce, ...limitsOf(frame.limits)];
    case 'server-hello':
      return [
        encodeVarint(frame.version),
        ...limitsOf(frame.limits),
        encodeVarint(frame.chain.length),
        ...frame.chain.flatMap(withLength),
        ...withLength(frame.signature),
      ];
    case 'credit':
      return [encodeVarint(frame.id), encodeVarint(frame.limit)];
    case 'stop':
      return [encodeVarint(frame.id), encodeVarint(frame.code)];
    case 'max-streams':
      return [encodeVarint(frame.direction === 'bidirectional' ? 0 : 1), encodeVarint(frame.total)];
    case 'ping':
    case 'pong':
      return [encodeVarint(frame.token)];
    case 'drain':
      return [];
    case 'close': {
      const kind = encodeVarint(CLOSE_KINDS.indexOf(frame.kind));
      return [kind, encodeVarint(frame.code), ...withLength(new TextEncoder().encode(frame.reason))];
    }
  }
}

function limitsOf(limits: PeerLimits): readonly Uint8Array[] {
  return [limits.maxBidirectional, limits.maxUnidirectional, limits.windowBytes].map((limit) => encodeVarint(limit));
}

function withLength(bytes: Uint8Array): readonly Uint8Array[] {
  return [encodeVarint(bytes.length), bytes];
}

/** Reads control frames as their bytes come in. */
export class ControlFrameReader {
  readonly #input = new FrameReader();
  /** Of the frame whose body is awaited. */
  #type: number | undefined;
  #length: number | undefined;

  /** Adds bytes, which must stay unchanged until read. */
  add(bytes: Uint8Array): void {
    this.#input.add(bytes);
  }

  /** The next frame, or undefined if it is not all here. @throws QuicError `ProtocolViolation` */
  next(): ControlFrame | undefined {
    this.#type ??= this.#integer();
    if (this.#type === undefined) return undefined;
    this.#length ??= this.#integer();
    if (this.#length === undefined) return undefined;
    if (this.#length > MAX_CONTROL_BODY) throw violation(`a control frame of ${this.#length} bytes`);
    if (this.#input.available < this.#length) return undefined;
    const body = new Body(this.#input.take(this.#length));
    const frame = decode(this.#type, body);
    body.finish();
    this.#type = undefined;
    this.#length = undefined;
    return frame;
  }

  #integer(): number | undefined {
    const read = this.#input.peekVarint();
    if (read !== undefined) this.#input.skip(read.length);
    return read?.value;
  }
}

function decode(type: number, body: Body): ControlFrame {
  switch (type) {
    case TYPES['client-hello']: {
      const version = body.version();
      return { type: 'client-hello', version, nonce: body.bytes(NONCE_BYTES), limits: body.limits() };
    }
    case TYPES['server-hello']: {
      const version = body.version();
      const limits = body.limits();
      const count = body.integer(8);
      const chain = Array.from({ length: count }, () => body.withLength());
      return { type: 'server-hello', version, limits, chain, signature: body.withLength() };
    }
    case TYPES.credit:
      return { type: 'credit', id: body.integer(), limit: body.integer() };
    case TYPES.stop:
      return { type: 'stop', id: body.integer(), code: body.integer(0xffff_ffff) };
    case TYPES['max-streams']: {
      const direction = body.integer(1) === 0 ? 'bidirectional' : 'unidirectional';
      return { type: 'max-streams', direction, total: body.integer() };
    }
    case TYPES.ping:
      return { type: 'ping', token: body.integer() };
    case TYPES.pong:
      return { type: 'pong', token: body.integer() };
    case TYPES.drain:
      return { type: 'drain' };
    case TYPES.close: {
      const kind = CLOSE_KINDS[body.integer(CLOSE_KINDS.length - 1)] ?? 'application';
      return { type: 'close', kind, code: body.integer(0xffff_ffff), reason: body.text() };
    }
    default:
      throw violation(`a control frame of type ${type}`);
  }
}

/** Reads the body of a control frame. */
class Body {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** An integer of at most `max`. */
  integer(max: number = Number.MAX_SAFE_INTEGER): number {
    const first = this.#bytes[this.#at];
    if (first === undefined) throw violation('a control frame that is cut off');
    const encoded = this.bytes(varintLength(first));
    const value = readVarint(encoded);
    if (value > max) throw violation(`a control frame with ${value} where ${max} is the most`);
    return value;
  }

  bytes(length: number): Uint8Array {
    if (this.#bytes.length - this.#at < length) throw violation('a control frame that is cut off');
    const bytes = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return bytes;
  }

  withLength(): Uint8Array {
    return this.bytes(this.integer());
  }

  text(): string {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(this.withLength());
    } catch (cause) {
      throw cause instanceof QuicError ? cause : violation('a reason that is not UTF-8');
    }
  }

  version(): number {
    const version = this.integer();
    if (version !== VERSION) throw violation(`version ${version} of the hello, and ${VERSION} is spoken here`);
    return version;
  }

  limits(): PeerLimits {
    return { maxBidirectional: this.integer(), maxUnidirectional: this.integer(), windowBytes: this.integer() };
  }

  finish(): void {
    if (this.#at !== this.#bytes.length) throw violation('a control frame that is too long for its type');
  }
}

function violation(what: string): QuicError {
  return new QuicError('ProtocolViolation', `the peer sent ${what}`);
}
