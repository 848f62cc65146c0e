export { formatAddress, parseAddress, type ParsedAddress } from './address/address.js';
export { type AcceptOptions, ConnectionSet, type DialOptions } from './multiplex/connection-set.js';
export { canonicalOrigin, type CarrierOptions, invalidConfig, multiplexOptions } from './multiplex/carrier-options.js';
export { HANDSHAKE_BYTES_MAX } from './multiplex/hello-exchange.js';
export {
  abortError,
  asError,
  limitExceeded,
  malformedBy,
  malformedFrame,
  overloaded,
  OwnAbort,
  shutdown,
} from './multiplex/errors.js';
export type {
  ChannelEvents,
  MessageChannel,
  MessageChannels,
  MessageSocket,
  MessageSocketEvents,
} from './multiplex/message-socket.js';
export type { KeepAlive, MultiplexOptions } from './multiplex/options.js';
export * from './multiplex/pieces.js';
