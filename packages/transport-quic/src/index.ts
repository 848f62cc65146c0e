export { quicTransport } from './quic-transport.js';
export type { CertificateHashes, QuicTls, QuicTransportOptions } from './options.js';
export type { QuicTransport } from './transport.js';
