import { FlotillaError, InvariantViolation } from '@flotilla/errors';
import type { Timer } from '@flotilla/runtime';
import type { TransportMetrics } from '../observe.js';
import type {
  CloseReason,
  Connection,
  ConnectionEvents,
  OutgoingStream,
  RemoteIdentity,
  TransportLimits,
} from '../transport.js';
import { asError, connectionClosed, limitExceeded, malformedBy, malformedFrame } from './errors.js';
import { FrameLane } from './frame-lane.js';
import { IncomingChannels } from './incoming-channels.js';
import { type Inlet, PieceLane } from './inlet.js';
import { Liveness } from './liveness.js';
import { MessageReader, type MessageReaderHost } from './message-reader.js';
import type { MessageChannel, MessageChannels, MessageSocket } from './message-socket.js';
import type { MultiplexOptions } from './options.js';
import type { Outlet } from './outlet.js';
import { Outlets } from './outlets.js';
import { Piece } from './pieces.js';
import { RequestLane } from './request-lane.js';
import { type StreamChannels, StreamLane } from './stream-lane.js';

/** How long `close` waits for queued bytes to leave, in ms. */
const CLOSE_TIMEOUT_MS = 1_000;

/** What the handshake found out. */
export interface Opening {
  readonly dialled: boolean;
  readonly remote: RemoteIdentity;
  readonly remoteHello: Uint8Array;
  /** What the other side takes. */
  readonly remoteLimits: Pick<TransportLimits, 'frameBytesMax' | 'requestsInFlightMax'>;
  /** Called once, when the connection is no more. */
  ended(): void;
}

/** The probe that was missed and may have been lost on its way; the next question is one that is sent until it arrives. */
const MISSED_PROBES = 1;

/**
 * A Connection over any carrier of whole messages: frames, requests and streams as pieces of at most 64 KiB. Where the carrier
 * has one way they take turns on it; where it has channels, each lane has one of its own, and each stream.
 */
export class MultiplexedConnection implements Connection, MessageReaderHost {
  readonly remote: RemoteIdentity;
  readonly remoteHello: Uint8Array;
  readonly dialled: boolean;
  readonly address: string;
  readonly limits: TransportLimits;
  readonly sendLimits: Pick<TransportLimits, 'frameBytesMax' | 'requestsInFlightMax'>;
  readonly metrics: TransportMetrics;
  readonly #socket: MessageSocket;
  readonly #options: MultiplexOptions;
  readonly #opening: Opening;
  readonly #outlets: Outlets;
  /** The way of keep-alive, and of all lanes where there is but one. */
  readonly #main: Inlet;
  readonly #incomingChannels: IncomingChannels;
  readonly #framesOutlet: Outlet;
  readonly #frames: FrameLane;
  readonly #requests: RequestLane;
  readonly #streams: StreamLane;
  readonly #reader: MessageReader;

  #state: 'open' | 'closing' | 'closed' = 'open';
  #events: ConnectionEvents | undefined;
  /** Begins to read the channels, where there are some. */
  #listen: (() => void) | undefined;
  /** Messages that came before `attach`, and the end, if that came too. */
  #early: { readonly bytes: Uint8Array; readonly inlet: Inlet }[] = [];
  #earlyEnd: CloseReason | undefined;
  #closeReason: CloseReason | undefined;
  readonly #closeWaiters: (() => void)[] = [];
  #socketEnded = false;

  #closeTimer: Timer | undefined;
  readonly #liveness: Liveness | undefined;

  constructor(socket: MessageSocket, options: MultiplexOptions, opening: Opening) {
    this.#socket = socket;
    this.#options = options;
    this.#opening = opening;
    this.remote = opening.remote;
    this.address = opening.remote.address;
    this.remoteHello = opening.remoteHello;
    this.dialled = opening.dialled;
    this.limits = options.limits;
    this.metrics = options.metrics;
    this.sendLimits = {
      frameBytesMax: Math.min(options.limits.frameBytesMax, opening.remoteLimits.frameBytesMax),
      requestsInFlightMax: Math.min(options.limits.requestsInFlightMax, opening.remoteLimits.requestsInFlightMax),
    };
    this.#outlets = new Outlets(this.metrics, {
      sent: () => this.#sent(),
      overflowed: (error) => this.destroy(error),
    });
    this.#incomingChannels = new IncomingChannels(
      (channel) => void this.#streamOutlet(channel, undefined),
      () => this.#breakOff(malformedFrame(this.address, 'more channels than streams may be open')),
    );
    const { channels } = socket;
    const main = this.#outlets.add(socket);
    this.#main = { outlet: main, lane: channels === undefined ? undefined : PieceLane.CONTROL, stream: undefined };
    const frames = channels === undefined ? main : this.#outlets.add(channels.frames);
    this.#framesOutlet = frames;
    const requests = channels === undefined ? main : this.#outlets.add(channels.requests);
    if (channels !== undefined) {
      this.#listen = () => {
        this.#read(channels.frames, { outlet: frames, lane: PieceLane.FRAMES, stream: undefined });
        this.#read(channels.requests, { outlet: requests, lane: PieceLane.REQUESTS, stream: undefined });
        channels.accept((channel) => this.#incomingChannels.add(channel));
      };
    }
    this.#frames = new FrameLane(this);
    this.#requests = new RequestLane(this, requests);
    this.#streams = new StreamLane(this, channels === undefined ? main : this.#streamChannels(channels));
    frames.carry(this.#frames);
    requests.carry(this.#requests);
    if (channels === undefined) main.carry(this.#streams);
    this.#reader = new MessageReader(this, {
      frames: this.#frames,
      requests: this.#requests,
      streams: this.#streams,
      keepAlive: main,
    });
    this.metrics.connectionsOpen++;
    if (opening.dialled) this.metrics.connectionsDialled++;
    else this.metrics.connectionsAccepted++;
    socket.attach({
      message: (bytes) => this.#message(bytes, this.#main),
      sent: () => this.#outlets.roomAgain(main),
      closed: (reason) => this.#socketClosed(reason),
      heard: () => this.#liveness?.heard(),
    });
    options.runtime.nextTurn(() => this.#requireAttached());
    const { keepAlive } = options;
    if (keepAlive !== undefined) {
      this.#liveness = new Liveness(options.runtime, keepAlive, this.address, {
        ask: (missed) => this.#ask(missed),
        giveUp: (error) => this.#break(error),
      });
    }
  }

  #streamChannels(channels: MessageChannels): StreamChannels {
    return {
      open: (stream) => this.#streamOutlet(channels.open(), stream),
      released: () => this.#incomingChannels.over(),
    };
  }

  /** Reads and writes the channel of one stream. @param stream Its number; undefined until the other side tells. */
  #streamOutlet(channel: MessageChannel, stream: number | undefined): Outlet {
    const outlet = this.#outlets.add(channel);
    this.#read(channel, { outlet, lane: PieceLane.STREAMS, stream });
    return outlet;
  }

  #read(channel: MessageChannel, inlet: Inlet): void {
    channel.attach({
      message: (bytes) => this.#message(bytes, inlet),
      sent: () => this.#outlets.roomAgain(inlet.outlet),
    });
  }

  attach(events: ConnectionEvents): void {
    if (this.#events !== undefined)
      throw new InvariantViolation(`the connection with ${this.address} has events already`);
    this.#events = events;
    if (this.#state === 'open') this.#listen?.();
    if (this.#early.length > 0 || this.#earlyEnd !== undefined) queueMicrotask(() => this.#deliverEarly());
    else if (this.#closeReason !== undefined) this.#reportClosedSoon(this.#closeReason);
  }

  #requireAttached(): void {
    if (this.#events !== undefined || this.#state === 'closed') return;
    const error = new InvariantViolation(
      `the connection with ${this.address} was handed up and not attached within the turn`,
    );
    this.report(error);
    this.destroy(error);
  }

  #deliverEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const { bytes, inlet } of early) this.#message(bytes, inlet);
    if (this.#earlyEnd !== undefined) this.#socketClosed(this.#earlyEnd);
  }

  // Sending

  sendFrame(frame: Uint8Array): boolean {
    if (frame.length > this.sendLimits.frameBytesMax) {
      throw limitExceeded('frameBytesMax', this.sendLimits.frameBytesMax, frame.length);
    }
    if (this.#state !== 'open' || !this.#frames.push(frame)) {
      this.metrics.framesRefused++;
      return false;
    }
    this.#framesOutlet.wake();
    return true;
  }

  get queued(): { readonly frames: number; readonly bytes: number } {
    return { frames: this.#frames.frames, bytes: this.#frames.bytes };
  }

  request(body: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array> {
    if (this.#state !== 'open') return Promise.reject(this.#closedError());
    return this.#requests.request(body, options?.signal);
  }

  openStream(header: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<OutgoingStream> {
    if (this.#state !== 'open') return Promise.reject(this.#closedError());
    return this.#streams.open(header, options?.signal);
  }

  #closedError(): FlotillaError<'ConnectionClosed'> {
    return connectionClosed(this.address, this.#closeReason ?? { by: 'local', error: undefined }, 'definite');
  }

  #sent(): void {
    if (this.#state === 'closing') this.#endWhenSent();
    else if (this.#state === 'open' && this.#frames.takeDrained()) this.call(() => this.#events?.drained());
  }

  // Receiving

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  #message(bytes: Uint8Array, inlet: Inlet): void {
    if (this.#state !== 'open') return;
    if (this.#events === undefined || this.#early.length > 0) {
      this.#early.push({ bytes, inlet });
      return;
    }
    this.#liveness?.heard();
    this.metrics.messagesReceived++;
    this.metrics.bytesReceived += bytes.length;
    try {
      this.#reader.read(bytes, this.#events, inlet);
    } catch (error) {
      this.#breakOff(malformedBy(this.address, error));
    }
  }

  /** The other side sent what is not of the format. */
  #breakOff(error: Error): void {
    this.metrics.malformed++;
    this.#break(error);
  }

  /** Calls the user back. One that throws broke the contract: its connection ends, and nothing else. */
  call(callback: () => void): void {
    try {
      callback();
    } catch (error) {
      this.report(asError(error));
      this.destroy(
        new FlotillaError('Internal', {
          message: `a callback of the connection with ${this.address} threw`,
          details: { reason: 'a callback threw' },
          cause: error,
        }),
      );
    }
  }

  /** Reports the failure of a user's callback. */
  report(error: Error): void {
    this.#options.observe({ type: 'callback-failed', address: this.address, error });
  }

  #ask(missed: number): void {
    const probed = this.#socket.channels?.probe() === true;
    if (probed && missed <= MISSED_PROBES) return;
    this.#main.outlet.control.push(Piece.PING);
    this.#main.outlet.wake();
  }

  // The end

  close(): Promise<void> {
    if (this.#state === 'open') {
      this.#state = 'closing';
      const reason: CloseReason = { by: 'local', error: undefined };
      this.#closeReason = reason;
      this.#endLanes(reason);
      this.#closeTimer = this.#options.runtime.setTimer(CLOSE_TIMEOUT_MS, () => {
        this.#socket.destroy(this.#closedError());
        this.#finish(reason);
      });
      this.#main.outlet.wake();
    }
    if (this.#state === 'closed') return Promise.resolve();
    return new Promise((resolve) => this.#closeWaiters.push(resolve));
  }

  destroy(error: Error): void {
    if (this.#state === 'closed') return;
    this.#socket.destroy(error);
    this.#finish(this.#closeReason ?? { by: 'broken', error });
  }

  #break(error: Error): void {
    if (this.#state !== 'open') return;
    this.#socket.destroy(error);
    this.#finish({ by: 'broken', error });
  }

  #endWhenSent(): void {
    if (this.#outlets.pendingBytes > 0 || this.#socketEnded) return;
    this.#socketEnded = true;
    this.#socket.end();
  }

  #socketClosed(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    if (this.#events === undefined || this.#early.length > 0) this.#earlyEnd = reason;
    else this.#finish(this.#closeReason ?? reason);
  }

  #endLanes(reason: CloseReason): void {
    this.#requests.end(reason);
    this.#streams.end(reason);
  }

  #finish(reason: CloseReason): void {
    this.#closeReason = reason;
    if (this.#state === 'open') this.#endLanes(reason);
    this.#state = 'closed';
    this.#outlets.stop();
    this.#liveness?.stop();
    this.#closeTimer?.cancel();
    this.#frames.clear();
    this.#requests.clear();
    this.metrics.connectionsOpen--;
    if (reason.by === 'broken') {
      this.metrics.connectionsBroken++;
      const error = reason.error ?? connectionClosed(this.address, reason, 'unknown');
      this.#options.observe({ type: 'connection-broken', address: this.address, error });
    }
    this.#opening.ended();
    if (this.#events !== undefined) this.#reportClosedSoon(reason);
    for (const resolve of this.#closeWaiters.splice(0)) resolve();
  }

  /** Later than the call that ended it, and once. */
  #reportClosedSoon(reason: CloseReason): void {
    queueMicrotask(() => {
      try {
        this.#events?.closed(reason);
      } catch (error) {
        this.report(asError(error));
      }
    });
  }
}
