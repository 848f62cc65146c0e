import { isQuicError, QuicError } from '../errors.js';
import type { ControlFrame, PeerLimits } from '../framing/control-frames.js';
import { CONTROL_STREAM, StreamFrameReader } from '../framing/stream-frames.js';
import { encodeVarint } from '../http3/varint.js';
import { untilAborted } from '../native/cancellation.js';
import { Mailbox } from '../native/mailbox.js';
import type { NativeSession, NativeStream } from '../native/native-session.js';
import { FramedReceiving, type ReceivingLink } from './framed-receiving.js';
import { FramedSending } from './framed-sending.js';
import { ReceiveWindows, type WindowBounds } from './receive-window.js';
import type { ReceivingHalf, SendingHalf, SessionStream } from './session-stream.js';
import { StreamLedger } from './stream-ledger.js';

/** What this side lets the peer do. */
export interface GrantedLimits {
  /** Streams of each direction that the peer may have open at once. */
  readonly maxBidirectional: number;
  readonly maxUnidirectional: number;
  /** How much of them may wait for their readers. */
  readonly windows: WindowBounds;
}

/** The control frames that are about streams. */
export type StreamControlFrame = Extract<ControlFrame, { readonly type: 'credit' | 'stop' | 'max-streams' }>;

/** What the streams need of their session. */
export interface StreamsLink {
  /** Something came from the peer. */
  heard(): void;
  /** Sends a control frame. */
  tell(frame: StreamControlFrame): void;
  /** A stream is over: what of it waits to be told is about nothing. */
  forget(id: number): void;
  /** The peer broke the protocol, or the connection failed. */
  violated(error: unknown): void;
}

type Direction = 'bidirectional' | 'unidirectional';

/** A stream of the peer that waits to be taken. */
interface ArrivedStream {
  readonly sending: FramedSending;
  readonly receiving: FramedReceiving;
}

/** More than can be under way at once with sensible limits. */
const MAX_EARLY_STOPS = 4096;

/**
 * The framed streams of a session: numbers them, gives and takes credit, and counts how many each side has open. A stream is named by an id
 * (`ControlFrame`), since the ids of QUIC are hidden from pages.
 */
export class FramedStreams {
  readonly #native: NativeSession;
  readonly #link: StreamsLink;
  readonly #ownBit: 0 | 1;
  readonly #windows: ReceiveWindows;
  /** Of a stream that the peer reads, from the start. */
  #peerWindowBytes = 0;
  readonly #ledgers = { bidirectional: new StreamLedger(), unidirectional: new StreamLedger() };
  readonly #sending = new Map<number, FramedSending>();
  readonly #receiving = new Map<number, FramedReceiving>();
  readonly #bidirectional = new Mailbox<ArrivedStream>();
  readonly #unidirectional = new Mailbox<FramedReceiving>();
  /** Stops that overtook the first bytes of their streams, by id. */
  readonly #earlyStops = new Map<number, number>();
  #error: QuicError | undefined;

  constructor(native: NativeSession, side: 'client' | 'server', granted: GrantedLimits, link: StreamsLink) {
    this.#native = native;
    this.#link = link;
    this.#ownBit = side === 'client' ? 0 : 1;
    this.#windows = new ReceiveWindows(granted.windows);
    this.#ledgers.bidirectional.grantFirst(granted.maxBidirectional);
    this.#ledgers.unidirectional.grantFirst(granted.maxUnidirectional);
  }

  /** What the peer allows is known: streams may be opened. */
  begin(limits: PeerLimits): void {
    this.#peerWindowBytes = limits.windowBytes;
    this.#ledgers.bidirectional.allow(limits.maxBidirectional);
    this.#ledgers.unidirectional.allow(limits.maxUnidirectional);
  }

  /** Takes the streams of the peer, from now on. */
  serve(): void {
    this.#acceptAll(() => this.#native.acceptBidirectional(), 'bidirectional').catch((error: unknown) =>
      this.#link.violated(error),
    );
    this.#acceptAll(() => this.#native.acceptUnidirectional(), 'unidirectional').catch((error: unknown) =>
      this.#link.violated(error),
    );
  }

  /** Waits while the peer allows no more. @throws the session's error, the signal's reason */
  async openBidirectional(signal: AbortSignal | undefined): Promise<SessionStream> {
    const id = await this.#openId('bidirectional', signal);
    const opening = this.#native.openBidirectional().then((native) => ({
      sending: this.#send(native, id, encodeVarint(numberOf(id))),
      receiving: this.#receive(native, id, new StreamFrameReader(numberOf(id)), 'own'),
    }));
    return unlessAborted(opening, signal, ({ sending, receiving }) => {
      sending.abort(0);
      receiving.cancel(0);
    });
  }

  /** As `openBidirectional`. */
  async openUnidirectional(signal: AbortSignal | undefined): Promise<SendingHalf> {
    const id = await this.#openId('unidirectional', signal);
    const opening = this.#native
      .openUnidirectional()
      .then((native) => this.#send(native, id, encodeVarint(numberOf(id))));
    return unlessAborted(opening, signal, (sending) => sending.abort(0));
  }

  /** The peer's next stream, or undefined once the session has ended. One call at a time. */
  async acceptBidirectional(): Promise<SessionStream | undefined> {
    const stream = await this.#bidirectional.take();
    stream?.receiving.taken();
    return stream;
  }

  /** As `acceptBidirectional`. */
  async acceptUnidirectional(): Promise<ReceivingHalf | undefined> {
    const receiving = await this.#unidirectional.take();
    receiving?.taken();
    return receiving;
  }

  /** Takes what the peer says of streams. */
  handle(frame: StreamControlFrame): void {
    switch (frame.type) {
      case 'credit':
        this.#sending.get(frame.id)?.credit(frame.limit);
        return;
      case 'stop':
        this.#stopped(frame.id, frame.code);
        return;
      case 'max-streams':
        this.#ledgers[frame.direction].allow(frame.total);
        return;
    }
  }

  /** The session has ended. */
  end(error: QuicError): void {
    this.#error = error;
    for (const ledger of Object.values(this.#ledgers)) ledger.end(error);
    for (const sending of this.#sending.values()) sending.lost(error);
    for (const receiving of this.#receiving.values()) receiving.lost(error);
    this.#bidirectional.end();
    this.#unidirectional.end();
  }

  async #openId(direction: Direction, signal: AbortSignal | undefined): Promise<number> {
    this.#assertOpen();
    const number = await this.#ledgers[direction].open(signal);
    this.#assertOpen();
    return idOf(number, direction, this.#ownBit);
  }

  #assertOpen(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  #send(native: NativeStream, id: number, prefix: Uint8Array): FramedSending {
    const sending = new FramedSending(native, prefix, this.#peerWindowBytes, () => {
      this.#sending.delete(id);
      this.#maybeOver(id);
    });
    this.#sending.set(id, sending);
    if (this.#error !== undefined) sending.lost(this.#error);
    return sending;
  }

  #receive(native: NativeStream, id: number, frames: StreamFrameReader, opener: 'own' | 'peer'): FramedReceiving {
    const link: ReceivingLink = {
      heard: () => this.#link.heard(),
      credit: (limit) => this.#link.tell({ type: 'credit', id, limit }),
      stop: (code) => this.#link.tell({ type: 'stop', id, code }),
      violated: (error) => this.#link.violated(error),
      done: () => {
        this.#receiving.delete(id);
        this.#link.forget(id);
        this.#maybeOver(id);
      },
    };
    const window = opener === 'own' ? this.#windows.ofOwn() : this.#windows.ofPeer();
    const receiving = new FramedReceiving(native, frames, window, opener, link);
    this.#receiving.set(id, receiving);
    if (this.#error !== undefined) receiving.lost(this.#error);
    void receiving.receive();
    return receiving;
  }

  /** Once a stream of the peer is over in both directions it may open another. */
  #maybeOver(id: number): void {
    if ((id & 1) === this.#ownBit || this.#sending.has(id) || this.#receiving.has(id) || this.#error !== undefined)
      return;
    const direction = (id & 2) === 0 ? 'bidirectional' : 'unidirectional';
    this.#link.tell({ type: 'max-streams', direction, total: this.#ledgers[direction].over(numberOf(id)) });
  }

  async #acceptAll(accept: () => Promise<NativeStream | undefined>, direction: Direction): Promise<void> {
    for (let native = await accept(); native !== undefined; native = await accept()) {
      this.#admit(native, direction).catch((error: unknown) => {
        if (isQuicError(error, 'ProtocolViolation')) this.#link.violated(error);
      });
    }
  }

  /** Learns the number of a stream of the peer. One that ends before it said its number was none. */
  async #admit(native: NativeStream, direction: Direction): Promise<void> {
    const frames = new StreamFrameReader();
    while (frames.number === undefined) {
      const bytes = await native.read();
      if (bytes === undefined) return;
      this.#link.heard();
      frames.add(bytes);
    }
    const { number } = frames;
    if (number === CONTROL_STREAM) {
      throw new QuicError('ProtocolViolation', 'the peer sent a second control stream');
    }
    this.#ledgers[direction].arrived(number);
    const id = idOf(number, direction, this.#ownBit === 0 ? 1 : 0);
    if (direction === 'unidirectional') {
      this.#unidirectional.push(this.#receive(native, id, frames, 'peer'));
      return;
    }
    const sending = this.#send(native, id, new Uint8Array(0));
    const stop = this.#earlyStops.get(id);
    if (stop !== undefined) {
      this.#earlyStops.delete(id);
      sending.stopped(stop);
    }
    this.#bidirectional.push({ sending, receiving: this.#receive(native, id, frames, 'peer') });
  }

  #stopped(id: number, code: number): void {
    const sending = this.#sending.get(id);
    if (sending !== undefined) {
      sending.stopped(code);
      return;
    }
    if ((id & 1) === this.#ownBit) return; // it has ended meanwhile
    this.#earlyStops.set(id, code);
    // Those of streams that have ended stay behind: they are about nothing, and make room here.
    const [oldest] = this.#earlyStops.keys();
    if (this.#earlyStops.size > MAX_EARLY_STOPS && oldest !== undefined) this.#earlyStops.delete(oldest);
  }
}

/**
 * What is opened, unless the signal fires first. Then it is abandoned as soon as it is there: its number is given out, so the peer must hear of it, and
 * of its end, or would keep a place for it.
 */
async function unlessAborted<T>(
  opening: Promise<T>,
  signal: AbortSignal | undefined,
  abandon: (opened: T) => void,
): Promise<T> {
  if (signal === undefined) return opening;
  try {
    return await untilAborted(opening, signal);
  } catch (error) {
    opening.then(abandon, () => undefined); // what failed is told here
    throw error;
  }
}

/** Ids of more than 32 bits have no shifts. */
function numberOf(id: number): number {
  return Math.floor(id / 4);
}

function idOf(number: number, direction: Direction, openerBit: 0 | 1): number {
  return number * 4 + (direction === 'unidirectional' ? 2 : 0) + openerBit;
}
