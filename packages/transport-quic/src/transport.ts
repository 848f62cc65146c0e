import type { Transport, TransportMetrics } from '@flotilla/transport';
import type { QuicTls } from './options.js';

/** A Transport for `quic:` and `wt:`. */
export interface QuicTransport extends Transport {
  /** Counters of all its connections. */
  readonly metrics: Readonly<TransportMetrics>;
  /**
   * SHA-256 of the leaf certificate that its listeners show: what a page is to be told as `serverCertificateHashes`.
   * Undefined without certificates.
   */
  readonly certificateHash: Uint8Array | undefined;
  /**
   * Takes new certificates. Connections that this side dialled stay; listeners bind their port anew and close theirs in good order, so
   * that the other sides dial again. Nothing changes if they cannot be used, or are the same.
   *
   * @throws {FlotillaError} InvalidConfig
   */
  reloadTls(tls: QuicTls): void;
}
