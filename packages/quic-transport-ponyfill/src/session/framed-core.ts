import { isQuicError, QuicError } from '../errors.js';
import type { CloseKind, ControlFrame, ControlFrameReader, PeerLimits } from '../framing/control-frames.js';
import { untilAborted } from '../native/cancellation.js';
import type { NativeSession, NativeStream } from '../native/native-session.js';
import type { CloseInfo } from '../session.js';
import { ControlChannel } from './control-channel.js';
import { type Ending, endingOf, errorOf, peerEnding, quicClose, quicEndingOf } from './ending.js';
import { FramedStreams, type GrantedLimits } from './framed-streams.js';
import { type HelloSide, helloOfClient, helloOfServer, type OpenControl } from './hello.js';
import { KeepAlive } from './keep-alive.js';
import type { SessionCore } from './session-core.js';
import type { ReceivingHalf, SendingHalf, SessionStream } from './session-stream.js';

/** Of a framed session. */
export interface FramedOptions {
  readonly hello: HelloSide;
  readonly granted: GrantedLimits;
  readonly idleTimeoutMs: number;
  readonly keepAliveMs: number;
  /** `quic`: CONNECTION_CLOSE carries code and reason in a form of our own; `webtransport`: the stack carries them itself. */
  readonly carrier: 'quic' | 'webtransport';
}

/** How long the peer has to answer a close, ms; then the connection is closed whatever it does. */
const CLOSE_MS = 500;

/** A session that frames its streams: ends, aborts, credit and closes are its own, since the stacks differ in theirs. */
export class FramedCore implements SessionCore {
  readonly native: NativeSession;
  readonly draining: Promise<void>;
  readonly ended: Promise<Ending>;
  readonly gone: Promise<void>;
  readonly #options: FramedOptions;
  #control: ControlChannel | undefined;
  readonly #streams: FramedStreams;
  #keepAlive: KeepAlive | undefined;
  #pings = 0;
  #ending: Ending | undefined;
  #settleEnded: (ending: Ending) => void = () => undefined;
  #settleDraining: () => void = () => undefined;

  constructor(native: NativeSession, options: FramedOptions) {
    this.native = native;
    this.#options = options;
    this.#streams = new FramedStreams(native, options.hello.side, options.granted, {
      heard: () => this.#heard(),
      tell: (frame) => this.#control?.send(frame),
      forget: (id) => this.#control?.forget(id),
      violated: (error) => this.#violated(error),
    });
    this.ended = new Promise((resolve) => {
      this.#settleEnded = resolve;
    });
    this.draining = new Promise((resolve) => {
      this.#settleDraining = resolve;
    });
    this.gone = native.closed.then((close) =>
      this.#end(options.carrier === 'quic' ? quicEndingOf(close, options.hello.side) : endingOf(close)),
    );
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

  openBidirectional(signal: AbortSignal | undefined): Promise<SessionStream> {
    return this.#streams.openBidirectional(signal);
  }

  openUnidirectional(signal: AbortSignal | undefined): Promise<SendingHalf> {
    return this.#streams.openUnidirectional(signal);
  }

  acceptBidirectional(): Promise<SessionStream | undefined> {
    return this.#streams.acceptBidirectional();
  }

  acceptUnidirectional(): Promise<ReceivingHalf | undefined> {
    return this.#streams.acceptUnidirectional();
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
    const { hello, granted } = this.#options;
    const { maxBidirectional, maxUnidirectional, windows } = granted;
    const limits: PeerLimits = { maxBidirectional, maxUnidirectional, windowBytes: windows.firstBytes };
    const open: OpenControl = (stream, begun) => this.#openControl(stream, begun);
    const heard =
      hello.side === 'client'
        ? await helloOfClient(this.native, hello, limits, open)
        : await helloOfServer(this.native, hello, limits, open);
    this.#streams.begin(heard.limits);
    this.#readControl(heard.stream, heard.frames).catch((error: unknown) => this.#violated(error));
    return heard.certificate;
  }

  #openControl(stream: NativeStream, begun: boolean): ControlChannel {
    const control = new ControlChannel(stream, begun, (error) => this.#violated(error));
    this.#control = control;
    return control;
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
    this.native.admit?.();
    const { idleTimeoutMs, keepAliveMs } = this.#options;
    this.#keepAlive = new KeepAlive({
      idleTimeoutMs,
      keepAliveMs,
      ping: () => this.#control?.send({ type: 'ping', token: ++this.#pings }),
      idle: () => this.#idle(),
    });
    this.#streams.serve();
  }

  #idle(): void {
    const reason = `nothing came for ${this.#options.idleTimeoutMs} ms`;
    const error = new QuicError('IdleTimeout', reason);
    this.#leave('timeout', { closeCode: 0, reason }, { type: 'failed', error });
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
      case 'stop':
      case 'max-streams':
        this.#streams.handle(frame);
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
    this.#streams.end(errorOf(ending));
    this.#settleEnded(ending);
  }
}

function violation(what: string): QuicError {
  return new QuicError('ProtocolViolation', `the peer sent ${what}`);
}
