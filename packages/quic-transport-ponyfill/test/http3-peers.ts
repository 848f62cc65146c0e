// Peers for tests of the HTTP/3 layer: one that behaves, and one that writes what it likes.
import { encodeFrame, SETTINGS } from '../src/http3/frame.js';
import type { AcceptedSession, Http3Server, ServeOptions, WebTransportSession } from '../src/http3/index.js';
import { connectHttp3, serveHttp3 } from '../src/http3/index.js';
import type { Field } from '../src/http3/qpack.js';
import { decodeFieldSection } from '../src/http3/qpack.js';
import { encodeHeaders } from '../src/http3/request-messages.js';
import { encodeSettings } from '../src/http3/settings.js';
import { StreamReader } from '../src/http3/stream-reader.js';
import { concatBytes, encodeVarint } from '../src/http3/varint.js';
import type { NativeStream } from '../src/native/native-session.js';
import type { MemoryStream } from './memory-native.js';
import { MemorySession } from './memory-native.js';

export const ORIGIN = 'https://pages.example';

/** A client and a server with one open session. */
export interface OpenSession {
  readonly client: WebTransportSession;
  readonly server: AcceptedSession;
  readonly http3: Http3Server;
  readonly native: { readonly client: MemorySession; readonly server: MemorySession };
}

export async function openSession(options: ServeOptions & { readonly path?: string } = {}): Promise<OpenSession> {
  const native = MemorySession.pair();
  const http3 = serveHttp3(native.server, { allowedOrigins: [ORIGIN], ...options });
  const [client, server] = await Promise.all([
    connectHttp3(native.client, { authority: 'node:1', path: options.path ?? '/', origin: ORIGIN, framed: false }),
    http3.accept(),
  ]);
  if (server === undefined) throw new Error('the listener gave no session');
  return { client, server, http3, native };
}

export const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes ?? new Uint8Array());
export const utf8 = (content: string): Uint8Array => new TextEncoder().encode(content);

/** All bytes until the end. */
export async function readAll(stream: NativeStream): Promise<string> {
  let all = new Uint8Array();
  for (let bytes = await stream.read(); bytes !== undefined; bytes = await stream.read()) all = concatBytes(all, bytes);
  return text(all);
}

/** A client that speaks for itself. */
export class RawClient {
  readonly native: MemorySession;
  readonly http3: Http3Server;

  constructor(options: ServeOptions = {}) {
    const { client, server } = MemorySession.pair();
    this.native = client;
    this.http3 = serveHttp3(server, options);
  }

  /** The control stream with settings such as a browser's. */
  async control(
    settings: readonly (readonly [number, number])[] = [[0x33, 1]],
    rest: Uint8Array = new Uint8Array(),
  ): Promise<MemoryStream> {
    const payload = encodeSettings(new Map(settings));
    return this.uni(concatBytes([0], encodeFrame(SETTINGS, payload), rest));
  }

  async uni(bytes: Uint8Array, fin = false): Promise<MemoryStream> {
    const stream = await this.native.openUnidirectional();
    await stream.write(bytes, fin);
    return stream;
  }

  async bidi(bytes: Uint8Array, fin = false): Promise<MemoryStream> {
    const stream = await this.native.openBidirectional();
    await stream.write(bytes, fin);
    return stream;
  }

  request(fields: readonly Field[]): Promise<MemoryStream> {
    return this.bidi(encodeHeaders(fields));
  }
}

export const CONNECT: readonly Field[] = [
  [':method', 'CONNECT'],
  [':scheme', 'https'],
  [':authority', 'node:1'],
  [':path', '/'],
  [':protocol', 'webtransport'],
];

/** The status that a request is answered with, once its first frame is there. */
export async function statusOf(stream: NativeStream): Promise<string | undefined> {
  const reader = new StreamReader(stream);
  await reader.varint();
  const length = (await reader.varint()) ?? 0;
  return decodeFieldSection(await reader.exactly(length), 1_000)?.find(([name]) => name === ':status')?.[1];
}

/** A stream of the session with that id: its prefix, then these bytes. */
export const prefixed = (type: number, sessionId: number, content: string): Uint8Array =>
  concatBytes(encodeVarint(type), encodeVarint(sessionId), utf8(content));
