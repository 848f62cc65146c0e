import type { CloseReason, RemoteIdentity } from '../transport.js';

/** What a MessageSocket calls back, in order of arrival, never inside a call of its user. */
export interface MessageSocketEvents {
  /** One whole message. The bytes are the receiver's to keep. */
  message(bytes: Uint8Array): void;
  /** `unsentBytes` fell. */
  sent(): void;
  /** Exactly once, also after `end` and `destroy`; nothing follows. */
  closed(reason: CloseReason): void;
}

/**
 * What a connection stands on: a two-way carrier of whole binary messages, in order, such as one WebSocket. It knows
 * nothing of hellos, lanes or limits; those are {@link MultiplexedConnection}'s, the same over every carrier.
 */
export interface MessageSocket {
  readonly remote: RemoteIdentity;
  /** Sets who is called back, or replaces it. Nothing is delivered before the first call. */
  attach(events: MessageSocketEvents): void;
  /** Sends one message of at most `MESSAGE_BYTES_MAX` bytes, which are not changed later. Ignored once the socket closed. */
  send(message: Uint8Array): void;
  /** Bytes that were given to `send` and not yet taken by the system. */
  readonly unsentBytes: number;
  /** Closes in good order, after all that was sent. */
  end(): void;
  /** Breaks at once; the other side sees a broken connection. */
  destroy(error: Error): void;
}
