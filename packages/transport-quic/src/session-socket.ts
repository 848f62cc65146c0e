import type { QuicSession } from '@flotilla/quic-transport-ponyfill';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { CloseReason, RemoteIdentity, TransportMetrics } from '@flotilla/transport';
import {
  HANDSHAKE_BYTES_MAX,
  malformedFrame,
  MESSAGE_BYTES_MAX,
  type MessageChannel,
  type MessageChannels,
  type MessageSocket,
  type MessageSocketEvents,
} from '@flotilla/transport/multiplex';
import { isFlotillaError } from '@flotilla/errors';
import { StreamKind } from './channel-format.js';
import { CloseCode, closeError } from './close-codes.js';
import { IncomingStreams } from './incoming-streams.js';
import { Probes } from './probes.js';
import { sessionError } from './session-errors.js';
import { type OpenStream, openStream, StreamChannel, type StreamChannelOwner } from './stream-channel.js';

/** How long the other side may take to read what was sent before the end, in ms. */
const CLOSE_TIMEOUT_MS = 1_000;
/** Streams that are taken before the handshake is over: those of control, frames and requests. */
const STREAMS_BEFORE_HANDSHAKE = 3;

/** Messages of frames and of requests, about: a few packets, so that one that is lost holds up little of what was sent with it. */
const LANE_MESSAGE_BYTES = 4_096;

/** The part of a session that is used here. */
export type Session = Pick<
  QuicSession,
  'closed' | 'close' | 'createBidirectionalStream' | 'incomingBidirectionalStreams' | 'datagrams'
>;

/** Of a socket over a session. */
export interface SessionSocketOptions {
  readonly side: 'dialled' | 'accepted';
  readonly remote: RemoteIdentity;
  readonly runtime: Runtime;
  readonly metrics: TransportMetrics;
  /**
   * Asks the system whether the other side's port is closed, until the signal fires: whose process died without a word is found
   * out by this before it is missed. Undefined where the platform does not tell.
   */
  readonly probePort?: (until: AbortSignal, closed: (error: Error) => void) => void;
}

/**
 * Messages over one QUIC connection: those of the socket itself on the control stream, and a stream for each channel
 * (`channel-format.ts`).
 *
 * QUIC drops what is under way when a connection is closed. So it ends in good order like this: whoever ends says so at the end of
 * each of its channels; the other side, once it has read all of these ends, closes the connection.
 */
export class SessionSocket implements MessageSocket {
  readonly remote: RemoteIdentity;
  readonly #session: Session;
  readonly #options: SessionSocketOptions;
  readonly #control: StreamChannel;
  readonly #channelsOpen = new Set<StreamChannel>();
  readonly #incoming: IncomingStreams;
  /** Gives streams that the other side is to open to those who wait for them, by kind. */
  readonly #expected = new Map<number, (stream: OpenStream) => void>();
  #channels: MessageChannels | undefined;
  #probes: Probes | undefined;
  /** Ends the asking after the other side's port. */
  #portProbe: AbortController | undefined;
  #accepted: ((channel: MessageChannel) => void) | undefined;
  /** Channels that came before somebody took them. */
  #untaken: StreamChannel[] = [];
  #events: MessageSocketEvents | undefined;
  #messageBytesMax = HANDSHAKE_BYTES_MAX;
  /** Channels beside control whose ends this side has sent, and has read. */
  #endsSent = 0;
  #endsRead = 0;
  /** How many ends the other side has sent, once it ended. */
  #endsDue: number | undefined;
  #ended = false;
  #closeTimer: Timer | undefined;
  #over = false;
  #unreported: CloseReason | undefined;

  constructor(session: Session, options: SessionSocketOptions) {
    this.remote = options.remote;
    this.#session = session;
    this.#options = options;
    const dialled = options.side === 'dialled';
    this.#control = dialled
      ? this.#openChannel(StreamKind.CONTROL, (count) => this.#otherEnded(count))
      : this.#expectChannel(StreamKind.CONTROL, (count) => this.#otherEnded(count));
    const frames = dialled ? undefined : this.#expectChannel(StreamKind.FRAMES);
    const requests = dialled ? undefined : this.#expectChannel(StreamKind.REQUESTS);
    this.#open = () => this.#openChannels(frames, requests);
    this.#incoming = new IncomingStreams(session.incomingBidirectionalStreams, dialled ? 0 : STREAMS_BEFORE_HANDSHAKE, {
      opened: (kind, stream) => this.#opened(kind, stream),
      failed: (error) => this.#failed(error),
    });
    session.closed.then(
      ({ closeCode, reason }) => this.#closedBy(closeError(this.remote.address, closeCode, reason)),
      (error: unknown) => this.#closedBy(sessionError(this.remote.address, error)),
    );
  }

  readonly #open: () => MessageChannels;

  // Messages of its own

  attach(events: MessageSocketEvents): void {
    this.#events = events;
    this.#control.attach(events);
    const reason = this.#unreported;
    this.#unreported = undefined;
    if (reason !== undefined) queueMicrotask(() => events.closed(reason));
  }

  send(message: Uint8Array): void {
    this.#control.send(message);
  }

  get unsentBytes(): number {
    return this.#control.unsentBytes;
  }

  // Channels

  get channels(): MessageChannels {
    this.#channels ??= this.#open();
    return this.#channels;
  }

  #openChannels(
    expectedFrames: StreamChannel | undefined,
    expectedRequests: StreamChannel | undefined,
  ): MessageChannels {
    this.#messageBytesMax = MESSAGE_BYTES_MAX;
    this.#incoming.takeAll();
    this.#probes = new Probes(this.#session.datagrams, {
      heard: () => this.#heard(),
    });
    return {
      frames: expectedFrames ?? this.#openChannel(StreamKind.FRAMES),
      requests: expectedRequests ?? this.#openChannel(StreamKind.REQUESTS),
      open: () => this.#openChannel(StreamKind.BYTES),
      accept: (accepted) => {
        this.#accepted = accepted;
        for (const channel of this.#untaken.splice(0)) accepted(channel);
      },
      probe: () => this.#probe(),
    };
  }

  #probe(): boolean {
    this.#portProbe?.abort();
    this.#portProbe = new AbortController();
    this.#options.probePort?.(this.#portProbe.signal, (error) => this.destroy(error));
    return this.#probes?.send() === true;
  }

  #heard(): void {
    this.#portProbe?.abort();
    this.#portProbe = undefined;
    this.#events?.heard?.();
  }

  #openChannel(kind: number, ended?: (count: number) => void): StreamChannel {
    return this.#addChannel(this.#session.createBidirectionalStream().then(openStream), kind, 'here', ended);
  }

  #expectChannel(kind: number, ended?: (count: number) => void): StreamChannel {
    const opening = new Promise<OpenStream>((resolve) => this.#expected.set(kind, resolve));
    return this.#addChannel(opening, kind, 'there', ended);
  }

  #addChannel(
    opening: Promise<OpenStream>,
    kind: number,
    opened: 'here' | 'there',
    ended: (count: number) => void = () => this.#channelEnded(),
  ): StreamChannel {
    const owner: StreamChannelOwner = {
      address: this.remote.address,
      messageBytesWanted: kind === StreamKind.BYTES ? undefined : LANE_MESSAGE_BYTES,
      messageBytesMax: () => this.#messageBytesMax,
      halfEnding: () => this.#endsSent++,
      halfEnded: ended,
      over: (channel) => this.#channelsOpen.delete(channel),
      failed: (error) => this.#failed(error),
    };
    const channel = new StreamChannel(opening, opened === 'here' ? kind : undefined, owner);
    this.#channelsOpen.add(channel);
    return channel;
  }

  #opened(kind: number, stream: OpenStream): void {
    if (this.#over) return;
    const expected = this.#expected.get(kind);
    if (expected !== undefined) {
      this.#expected.delete(kind);
      return expected(stream);
    }
    if (kind !== StreamKind.BYTES) {
      return this.#malformed(malformedFrame(this.remote.address, `a QUIC stream of kind ${kind}`));
    }
    const channel = this.#addChannel(Promise.resolve(stream), kind, 'there');
    if (this.#accepted === undefined) this.#untaken.push(channel);
    else this.#accepted(channel);
  }

  // The end

  end(): void {
    if (this.#over || this.#ended) return;
    this.#ended = true;
    for (const channel of this.#channelsOpen) if (channel !== this.#control) channel.end();
    this.#control.end(this.#endsSent);
    this.#closeTimer = this.#options.runtime.setTimer(CLOSE_TIMEOUT_MS, () => this.#close(CloseCode.NORMAL));
  }

  destroy(error: Error): void {
    if (this.#over) return;
    this.#close(CloseCode.BROKEN);
    this.#report({ by: 'broken', error });
  }

  #channelEnded(): void {
    this.#endsRead++;
    this.#closeIfAllRead();
  }

  #otherEnded(count: number): void {
    this.#endsDue = count;
    this.#closeIfAllRead();
  }

  #closeIfAllRead(): void {
    if (this.#endsDue === undefined || this.#endsRead < this.#endsDue) return;
    this.#close(CloseCode.NORMAL);
    this.#report({ by: this.#ended ? 'local' : 'remote', error: undefined });
  }

  #close(closeCode: number): void {
    this.#session.close({ closeCode, reason: '' });
  }

  #closedBy(error: Error | undefined): void {
    if (error === undefined) this.#report({ by: this.#ended ? 'local' : 'remote', error });
    else this.#report({ by: 'broken', error });
  }

  #failed(error: Error): void {
    if (isFlotillaError(error)) this.#malformed(error);
    // Where the connection has ended, its streams fail as well; its end says more, and is told within the turn.
    else this.#options.runtime.nextTurn(() => this.destroy(sessionError(this.remote.address, error)));
  }

  #malformed(error: Error): void {
    if (this.#over) return;
    this.#options.metrics.malformed++;
    this.destroy(error);
  }

  /** Later than the call that ended it, and once. */
  #report(reason: CloseReason): void {
    if (this.#over) return;
    this.#over = true;
    this.#closeTimer?.cancel();
    this.#incoming.stop();
    this.#probes?.stop();
    this.#portProbe?.abort();
    for (const channel of this.#channelsOpen) channel.stop();
    this.#channelsOpen.clear();
    queueMicrotask(() => {
      if (this.#events === undefined) this.#unreported = reason;
      else this.#events.closed(reason);
    });
  }
}
