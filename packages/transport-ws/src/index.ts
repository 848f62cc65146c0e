export { webSocketTransport } from './web-socket-transport.js';
export type { PlainOffLoopback, ResolvedAddress, WebSocketTls, WebSocketTransportOptions } from './options.js';
export type { WebSocketTransport } from './transport.js';
export { certificateIdentity } from './tls.js';
