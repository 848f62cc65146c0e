import type { CloseInfo, PeerAddress, QuicSession } from './session.js';

/** A listening port. Iterating it gives sessions that are `ready`; it ends once the listener is closed. */
export interface QuicListener extends AsyncIterable<QuicSession>, AsyncDisposable {
  readonly address: PeerAddress;
  /**
   * Asks every session to end in peace: their `draining` resolves on the other side. New connections are still taken; the HTTP/3 connections that
   * there are take no more sessions (GOAWAY, RFC 9114 section 5.2).
   */
  drain(): void;
  /** Closes the port and every session, with this code and reason. Resolves when the port is free. Again is nothing. */
  close(info?: Partial<CloseInfo>): Promise<void>;
}
