import type { Transport, TransportMetrics } from '@flotilla/transport';
import type { WebSocketTls } from './options.js';

/** A Transport for `ws:` and `wss:`. */
export interface WebSocketTransport extends Transport {
  /** Counters of all its connections. */
  readonly metrics: Readonly<TransportMetrics>;
  /**
   * Takes new certificates, for connections from now on; open ones stay. Nothing changes if they cannot be used.
   *
   * @throws {FlotillaError} InvalidConfig
   */
  reloadTls(tls: WebSocketTls): void;
}
