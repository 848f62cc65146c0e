import { QuicError } from '../errors.js';
import {
  type ControlFrame,
  ControlFrameReader,
  NONCE_BYTES,
  type PeerLimits,
  VERSION,
} from '../framing/control-frames.js';
import { CONTROL_STREAM, StreamFrameReader } from '../framing/stream-frames.js';
import type { NativeSession, NativeStream } from '../native/native-session.js';
import type { ControlChannel } from './control-channel.js';
import { errorOf, peerEnding } from './ending.js';

/** How the client checks the server. */
export interface ClientHello {
  readonly side: 'client';
  /** @returns the server's leaf (DER) if there is one to see. @throws QuicError `PeerUnproven` */
  check(chain: readonly Uint8Array[], signature: Uint8Array, nonce: Uint8Array): Uint8Array | undefined;
}

/** How the server proves itself. */
export interface ServerHello {
  readonly side: 'server';
  /** @returns the chain (DER, leaf first) and a signature, or neither. @throws QuicError `PeerUnproven` if the client is not taken */
  prove(nonce: Uint8Array): { readonly chain: readonly Uint8Array[]; readonly signature: Uint8Array };
}

/** How one side proves itself in the hello, or checks the other. */
export type HelloSide = ClientHello | ServerHello;

/** What the hello brought. */
export interface HelloHeard {
  /** The control stream, and what of it was read already. */
  readonly stream: NativeStream;
  readonly frames: ControlFrameReader;
  /** What the peer allows. */
  readonly limits: PeerLimits;
  /** The peer's (DER), proven, if it has one. */
  readonly certificate: Uint8Array | undefined;
}

/** Makes the sending side of the control stream; `begun` says whether the peer opened it. */
export type OpenControl = (stream: NativeStream, begun: boolean) => ControlChannel;

/** Opens the control stream, says hello and hears the server's. @throws QuicError */
export async function helloOfClient(
  native: NativeSession,
  hello: ClientHello,
  limits: PeerLimits,
  open: OpenControl,
): Promise<HelloHeard> {
  const frames = new ControlFrameReader();
  const stream = await native.openBidirectional();
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  open(stream, false).send({ type: 'client-hello', version: VERSION, nonce, limits });
  const answer = await nextFrame(stream, frames);
  if (answer.type === 'close') throw errorOf(peerEnding(answer.kind, answer.code, answer.reason, 'client'));
  if (answer.type !== 'server-hello') throw violation(`${answer.type} in place of a hello`);
  return { stream, frames, limits: answer.limits, certificate: hello.check(answer.chain, answer.signature, nonce) };
}

/** Waits for the control stream, hears the client's hello and answers it. @throws QuicError */
export async function helloOfServer(
  native: NativeSession,
  hello: ServerHello,
  limits: PeerLimits,
  open: OpenControl,
): Promise<HelloHeard> {
  const frames = new ControlFrameReader();
  const stream = await native.acceptBidirectional();
  // How it ended is told by its end.
  if (stream === undefined) throw new QuicError('SessionClosed', 'the connection ended before its hello');
  await readControlPrefix(stream, frames);
  const control = open(stream, true);
  const greeting = await nextFrame(stream, frames);
  if (greeting.type !== 'client-hello') throw violation(`${greeting.type} in place of a hello`);
  control.send({ type: 'server-hello', version: VERSION, limits, ...hello.prove(greeting.nonce) });
  return { stream, frames, limits: greeting.limits, certificate: native.peerCertificates[0] };
}

async function readControlPrefix(stream: NativeStream, frames: ControlFrameReader): Promise<void> {
  const reader = new StreamFrameReader();
  while (reader.number === undefined) {
    const bytes = await stream.read();
    if (bytes === undefined) throw violation('a stream without a hello');
    reader.add(bytes);
  }
  if (reader.number !== CONTROL_STREAM) throw violation('another stream before its hello');
  frames.add(reader.rest);
}

async function nextFrame(stream: NativeStream, frames: ControlFrameReader): Promise<ControlFrame> {
  for (;;) {
    const frame = frames.next();
    if (frame !== undefined) return frame;
    const bytes = await stream.read();
    if (bytes === undefined) throw violation('the end of its control stream in place of a hello');
    frames.add(bytes);
  }
}

function violation(what: string): QuicError {
  return new QuicError('ProtocolViolation', `the peer sent ${what}`);
}
