export { isLoopbackAddress } from './address/internet-address.js';
export { defaultTransportLimits, transportLimits } from './limits.js';
export { type TransportEvent, type TransportMetrics, transportMetrics } from './observe.js';
export type * from './transport.js';
