export { webSocketTransport } from './web-socket-transport.js';
export type { PlainOffLoopback, WebSocketTls, WebSocketTransportOptions } from './options.js';
export type { WebSocketTransport } from './transport.js';
