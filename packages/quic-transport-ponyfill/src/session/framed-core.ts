import { isQuicError, QuicError } from '../errors.js';
import type { CloseKind, ControlFrame, ControlFrameReader, PeerLimits } from '../framing/control-frames.js';
import { CONTROL_STREAM, StreamFrameReader } from '../framing/stream-frames.js';
import { encodeVarint } from '../http3/varint.js';
import { untilAborted } from '../native/cancellation.js';
import { Mailbox } from '../native/mailbox.js';
import type { NativeSession, NativeStream } from '../native/native-session.js';
import type { CloseInfo } from '../session.js';
import { ControlChannel } from './control-channel.js';
import { type Ending, endingOf, errorOf, peerEnding, quicClose } from './ending.js';
import { FramedReceiving, type ReceivingLink } from './framed-receiving.js';
import { FramedSending } from './framed-sending.js';
import { type HelloSide, helloOfClient, helloOfServer, type OpenControl } from './hello.js';
import { KeepAlive } from './keep-alive.js';
import type { SessionCore } from './session-core.js';
import type { ReceivingHalf, SendingHalf, SessionStream } from './session-stream.js';
import { StreamLedger } from './stream-ledger.js';

/** Of a framed session. */
export interface FramedOptions {
  readonly hello: HelloSide;
  readonly limits: PeerLimits;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
  /** `quic`: CONNECTION_CLOSE carries code and reason in a form of our own; `webtransport`: the stack carries them itself. */
  readonly carrier: 'quic' | 'webtransport';
}

/** How long the peer has to answer a close, ms; then the connection is closed whatever it does. */
const CLOSE_MS = 500;
/** More than can be under way at once with sensible limits. */
const MAX_EARLY_STOPS = 4096;

/** A session that frames its streams: ends, aborts, credit and closes are its own, since the stacks differ in theirs. */
export class FramedCore implements SessionCore {
  readonly native: NativeSession;
  readonly draining: Promise<void>;
  readonly ended: Promise<Ending>;
  readonly gone: Promise<void>;
  readonly #options: FramedOptions;
  readonly #ownBit: 0 | 1;
  #control: ControlChannel | undefined;
  #peerLimits: PeerLimits = { maxBidirectional: 0, maxUnidirectional: 0, windowBytes: 0 };
  readonly #ledgers = { bidirectional: new StreamLedger(), unidirectional: new StreamLedger() };
  readonly #sending = new Map<number, FramedSending>();
  readonly #receiving = new Map<number, FramedReceiving>();
  readonly #bidirectional = new Mailbox<SessionStream>();
  readonly #unidirectional = new Mailbox<ReceivingHalf>();
  /** Stops that overtook the first bytes of their streams, by id. */
  readonly #earlyStops = new Map<number, number>();
  #keepAlive: KeepAlive | undefined;
  #pings = 0;
  #ending: Ending | undefined;
  #settleEnded: (ending: Ending) => void = () => undefined;
  #settleDraining: () => void = () => undefined;

  constructor(native: NativeSession, options: FramedOptions) {
    this.native = native;
    this.#options = options;
    this.#ownBit = options.hello.side === 'client' ? 0 : 1;
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.draining = new Promise((resolve) => {
      this.#settleDraining = resolve;
    });
    this.gone = native.closed.then((close) => this.#end(endingOf(close, options.hello.side)));
  }

  async start(signal: AbortSignal): Promise<Uint8Array | undefined> {
    const ended = this.ended.then((ending) => Promise.reject(errorOf(ending)));
    try {
      const certificate = await untilAborted(Promise.race([this.#hello(), ended]), signal);
      this.#serve();
      return certificate;
    } catch (error) {
      const told = signal.aborted ? error : await this.#endedInstead(error);
      this.#explain(told);
      throw told;
    } finally {
      ended.catch(() => undefined); // heard above, if at all
    }
  }

  /** That the connection has ended shows first where something is tried on it; how it ended tells more. */
  async #endedInstead(error: unknown): Promise<unknown> {
    if (!isQuicError(error, 'SessionClosed', 'ConnectionLost')) return error;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), CLOSE_MS);
    });
    const ending = await Promise.race([this.ended, late]);
    clearTimeout(timer);
    return ending === undefined ? error : errorOf(ending);
  }

  async openBidirectional(signal: AbortSignal | undefined): Promise<SessionStream> {
    const id = await this.#openId('bidirectional', signal);
    const native = await this.native.openBidirectional();
    const sending = this.#send(native, id, true);
    const receiving = this.#receive(native, id, new StreamFrameReader(id >> 2));
    return { sending, receiving };
  }

  async openUnidirectional(signal: AbortSignal | undefined): Promise<SendingHalf> {
    const id = await this.#openId('unidirectional', signal);
    return this.#send(await this.native.openUnidirectional(), id, true);
  }

  acceptBidirectional(): Promise<SessionStream | undefined> {
    return this.#bidirectional.take();
  }

  acceptUnidirectional(): Promise<ReceivingHalf | undefined> {
    return this.#unidirectional.take();
  }

  async receiveDatagram(): Promise<Uint8Array | undefined> {
    const bytes = await this.native.receiveDatagram();
    this.#heard();
    return this.#ending === undefined ? bytes : undefined;
  }

  drain(): void {
    this.#control?.send({ type: 'drain' });
  }

  close(info: CloseInfo): void {
    if (this.#ending !== undefined) return;
    this.#leave('application', info, { type: 'closed', info });
  }

  #heard(): void {
    this.#keepAlive?.heard();
  }

  async #hello(): Promise<Uint8Array | undefined> {
    const { hello, limits } = this.#options;
    this.#ledgers.bidirectional.grantFirst(limits.maxBidirectional);
    this.#ledgers.unidirectional.grantFirst(limits.maxUnidirectional);
    const open: OpenControl = (stream, begun) => this.#openControl(stream, begun);
    const heard =
      hello.side === 'client'
        ? await helloOfClient(this.native, hello, limits, open)
        : await helloOfServer(this.native, hello, limits, open);
    this.#begin(heard.limits);
    this.#readControl(heard.stream, heard.frames).catch((error: unknown) => this.#violated(error));
    return heard.certificate;
  }

  #openControl(stream: NativeStream, begun: boolean): ControlChannel {
    const control = new ControlChannel(stream, begun, (error) => this.#violated(error));
    this.#control = control;
    return control;
  }

  #begin(limits: PeerLimits): void {
    this.#peerLimits = limits;
    this.#ledgers.bidirectional.allow(limits.maxBidirectional);
    this.#ledgers.unidirectional.allow(limits.maxUnidirectional);
  }

  /** Tells the peer why its hello was not taken, and ends. */
  #explain(error: unknown): void {
    if (this.#ending !== undefined) return;
    const quicError = isQuicError(error) ? error : new QuicError('ConnectFailed', 'given up', { cause: error });
    const kind = isQuicError(error, 'PeerUnproven')
      ? 'refused'
      : isQuicError(error, 'ProtocolViolation')
        ? 'violation'
        : 'application';
    this.#leave(kind, { closeCode: 0, reason: quicError.message.slice(0, 256) }, { type: 'failed', error: quicError });
  }

  #serve(): void {
    if (this.#ending !== undefined) return;
    const { idleTimeoutMs, keepAliveMs } = this.#options;
    this.#keepAlive = new KeepAlive({
      idleTimeoutMs,
      keepAliveMs,
      ping: () => this.#control?.send({ type: 'ping', token: ++this.#pings }),
      idle: () => this.#idle(),
    });
    this.#acceptAll(() => this.native.acceptBidirectional(), 'bidirectional').catch((error: unknown) =>
      this.#violated(error),
    );
    this.#acceptAll(() => this.native.acceptUnidirectional(), 'unidirectional').catch((error: unknown) =>
      this.#violated(error),
    );
  }

  #idle(): void {
    const reason = `nothing came for ${this.#options.idleTimeoutMs} ms`;
    const error = new QuicError('IdleTimeout', reason);
    this.#leave('timeout', { closeCode: 0, reason }, { type: 'failed', error });
  }

  async #openId(direction: 'bidirectional' | 'unidirectional', signal: AbortSignal | undefined): Promise<number> {
    this.#assertOpen();
    const number = await this.#ledgers[direction].open(signal);
    this.#assertOpen();
    return number * 4 + (direction === 'unidirectional' ? 2 : 0) + this.#ownBit;
  }

  #assertOpen(): void {
    if (this.#ending !== undefined) throw errorOf(this.#ending);
  }

  #send(native: NativeStream, id: number, opened: boolean): FramedSending {
    const prefix = opened ? encodeVarint(Math.floor(id / 4)) : new Uint8Array(0);
    const sending = new FramedSending(native, prefix, this.#peerLimits.windowBytes, () => {
      this.#sending.delete(id);
      this.#maybeOver(id);
    });
    this.#sending.set(id, sending);
    if (this.#ending !== undefined) sending.lost(errorOf(this.#ending));
    return sending;
  }

  #receive(native: NativeStream, id: number, frames: StreamFrameReader): FramedReceiving {
    const link: ReceivingLink = {
      heard: () => this.#heard(),
      credit: (limit) => this.#control?.send({ type: 'credit', id, limit }),
      stop: (code) => this.#control?.send({ type: 'stop', id, code }),
      violated: (error) => this.#violated(error),
      done: () => {
        this.#receiving.delete(id);
        this.#maybeOver(id);
      },
    };
    const receiving = new FramedReceiving(native, frames, this.#options.limits.windowBytes, link);
    this.#receiving.set(id, receiving);
    if (this.#ending !== undefined) receiving.lost(errorOf(this.#ending));
    void receiving.receive();
    return receiving;
  }

  /** Once a stream of the peer is over in both directions it may open another. */
  #maybeOver(id: number): void {
    if ((id & 1) === this.#ownBit || this.#sending.has(id) || this.#receiving.has(id) || this.#ending !== undefined)
      return;
    const direction = (id & 2) === 0 ? 'bidirectional' : 'unidirectional';
    this.#control?.send({ type: 'max-streams', direction, total: this.#ledgers[direction].over(Math.floor(id / 4)) });
  }

  async #acceptAll(
    accept: () => Promise<NativeStream | undefined>,
    direction: 'bidirectional' | 'unidirectional',
  ): Promise<void> {
    for (let native = await accept(); native !== undefined; native = await accept()) {
      this.#admit(native, direction).catch((error: unknown) => {
        if (isQuicError(error, 'ProtocolViolation')) this.#violated(error);
      });
    }
  }

  /** Learns the number of a stream of the peer. One that ends before it said its number was none. */
  async #admit(native: NativeStream, direction: 'bidirectional' | 'unidirectional'): Promise<void> {
    const frames = new StreamFrameReader();
    while (frames.number === undefined) {
      const bytes = await native.read();
      if (bytes === undefined) return;
      this.#heard();
      frames.add(bytes);
    }
    const { number } = frames;
    if (number === CONTROL_STREAM) throw violation('a second control stream');
    this.#ledgers[direction].arrived(number);
    const id = number * 4 + (direction === 'unidirectional' ? 2 : 0) + (1 - this.#ownBit);
    if (direction === 'unidirectional') {
      this.#unidirectional.push(this.#receive(native, id, frames));
      return;
    }
    const sending = this.#send(native, id, false);
    const stop = this.#earlyStops.get(id);
    if (stop !== undefined) {
      this.#earlyStops.delete(id);
      sending.stopped(stop);
    }
    this.#bidirectional.push({ sending, receiving: this.#receive(native, id, frames) });
  }

  async #readControl(stream: NativeStream, frames: ControlFrameReader): Promise<void> {
    for (;;) {
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) this.#handle(frame);
      const bytes = await stream.read();
      if (bytes === undefined) return; // the connection's end says why
      this.#heard();
      frames.add(bytes);
    }
  }

  #handle(frame: ControlFrame): void {
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
      case 'ping':
        this.#control?.send({ type: 'pong', token: frame.token });
        return;
      case 'pong':
        return; // that it came is what counts
      case 'drain':
        this.#settleDraining();
        return;
      case 'close': {
        const ending = peerEnding(frame.kind, frame.code, frame.reason, this.#options.hello.side);
        this.#end(ending);
        this.#answerClose(frame.kind, { closeCode: frame.code, reason: frame.reason });
        return;
      }
      case 'client-hello':
      case 'server-hello':
        throw violation('a second hello');
    }
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

  #violated(error: unknown): void {
    if (this.#ending !== undefined) return;
    const known = isQuicError(error, 'ProtocolViolation');
    if (!known) {
      // The control stream failed: if the connection did not end with it, nothing works any more.
      const lost = isQuicError(error)
        ? error
        : new QuicError('ConnectionLost', 'the control stream failed', { cause: error });
      this.#leaveSoon(lost);
      return;
    }
    this.#leave('violation', { closeCode: 0, reason: error.message }, { type: 'failed', error });
  }

  /** Gives the connection a moment to say how it ended, which tells more than that a stream of it failed. */
  #leaveSoon(error: QuicError): void {
    const timer = setTimeout(
      () => this.#leave('violation', { closeCode: 0, reason: error.message }, { type: 'failed', error }),
      CLOSE_MS,
    );
    void this.ended.then(() => clearTimeout(timer));
  }

  /** Ends the session here at once; the peer gets the time to hear of it. */
  #leave(kind: CloseKind, info: CloseInfo, ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#end(ending);
    const control = this.#control;
    if (control === undefined) {
      this.#closeNative(kind, info);
      return;
    }
    // CONNECTION_CLOSE is sent once and may be lost; the control stream repeats until it is heard. The peer answers by closing.
    this.#sayClose(control, kind, info);
  }

  /**
   * The side that hears of the end closes the connection. Of WebTransport it is always the client: Chromium 156 may crash a page whose
   * session is closed by the listener while streams of it are young, so the listener answers in kind.
   */
  #answerClose(kind: CloseKind, info: CloseInfo): void {
    const control = this.#control;
    const { carrier, hello } = this.#options;
    if (control === undefined || carrier === 'quic' || hello.side === 'client') this.#closeNative(kind, info);
    else this.#sayClose(control, kind, info);
  }

  #sayClose(control: ControlChannel, kind: CloseKind, info: CloseInfo): void {
    control.send({ type: 'close', kind, code: info.closeCode, reason: info.reason });
    const timer = setTimeout(() => this.#closeNative(kind, info), CLOSE_MS);
    void this.native.closed.then(() => clearTimeout(timer));
  }

  #closeNative(kind: CloseKind, info: CloseInfo): void {
    if (this.#options.carrier === 'quic') {
      const { code, reason } = quicClose(kind, info);
      this.native.close(code, reason);
      return;
    }
    this.native.close(info.closeCode, info.reason);
  }

  #end(ending: Ending): void {
    if (this.#ending !== undefined) return;
    this.#ending = ending;
    this.#keepAlive?.stop();
    const error = errorOf(ending);
    for (const ledger of Object.values(this.#ledgers)) ledger.end(error);
    for (const sending of this.#sending.values()) sending.lost(error);
    for (const receiving of this.#receiving.values()) receiving.lost(error);
    this.#bidirectional.end();
    this.#unidirectional.end();
    this.#settleEnded(ending);
  }
}

function violation(what: string): QuicError {
  return new QuicError('ProtocolViolation', `the peer sent ${what}`);
}
