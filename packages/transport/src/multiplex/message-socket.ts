import type { CloseReason, RemoteIdentity } from '../transport.js';

/** What a MessageSocket calls back, in order of arrival, never inside a call of its user. */
export interface MessageSocketEvents {
  /** One whole message. The bytes are the receiver's to keep. */
  message(bytes: Uint8Array): void;
  /** `unsentBytes` fell. */
  sent(): void;
  /** Exactly once, also after `end` and `destroy`; nothing follows. */
  closed(reason: CloseReason): void;
  /** The other side lives: something of it arrived that is no message, such as the answer to a probe. */
  heard?(): void;
}

/** What a MessageChannel calls back, in order of arrival within the channel, never inside a call of its user. */
export interface ChannelEvents {
  /** One whole message. The bytes are the receiver's to keep. */
  message(bytes: Uint8Array): void;
  /** `unsentBytes` fell. */
  sent(): void;
}

/** A way of whole messages, in order by itself: what is lost or waits here delays no other channel. */
export interface MessageChannel {
  /** Sets who is called back, or replaces it. Nothing is delivered before the first call. */
  attach(events: ChannelEvents): void;
  /** Sends one message of at most `MESSAGE_BYTES_MAX` bytes, which are not changed later. Ignored once it or its socket ended. */
  send(message: Uint8Array): void;
  /** Bytes that were given to `send` and not yet taken by the system. */
  readonly unsentBytes: number;
  /**
   * What is sent is cut into messages of about so many bytes at most, at least 2 KiB; without it they are as long as they may be. A message is
   * delivered once it is whole: where packets are lost, short ones come through while the rest of a long one would be waited for.
   */
  readonly messageBytesWanted?: number | undefined;
  /** This side sends nothing more; the channel is gone when the other side has done the same. */
  end(): void;
}

/** The channels of a socket beside its own messages, for carriers that have several ways within one connection, such as QUIC. */
export interface MessageChannels {
  /** For the lane of frames. */
  readonly frames: MessageChannel;
  /** For the lane of requests. */
  readonly requests: MessageChannel;
  /** A new channel, for one byte stream. */
  open(): MessageChannel;
  /** Sets who is given the channels that the other side opens; none is before. */
  accept(accepted: (channel: MessageChannel) => void): void;
  /** Asks whether the other side lives, by something that may be lost and delays nothing; false where the carrier has no such thing. */
  probe(): boolean;
}

/**
 * What a connection stands on: a two-way carrier of whole binary messages, in order, such as one WebSocket. It knows
 * nothing of hellos, lanes or limits; those are {@link MultiplexedConnection}'s, the same over every carrier.
 *
 * A carrier with several ways has `channels` as well: its own messages are then the handshake and keep-alive, each lane has
 * a channel, and so has each byte stream.
 */
export interface MessageSocket {
  readonly remote: RemoteIdentity;
  /** Sets who is called back, or replaces it. Nothing is delivered before the first call. */
  attach(events: MessageSocketEvents): void;
  /** Sends one message of at most `MESSAGE_BYTES_MAX` bytes, which are not changed later. Ignored once the socket closed. */
  send(message: Uint8Array): void;
  /** Bytes that were given to `send` and not yet taken by the system. */
  readonly unsentBytes: number;
  /** Absent where there is one way for all. Not touched before the handshake is over. */
  readonly channels?: MessageChannels;
  /** Closes in good order, after all that was sent, on channels as well. */
  end(): void;
  /** Breaks at once; the other side sees a broken connection. */
  destroy(error: Error): void;
}
