export type { Conditions } from './conditions.js';
export { type Counters, type Direction, startUdpProxy, type UdpProxy, type UdpProxyOptions } from './udp-proxy.js';
export type { Address } from './udp-socket.js';
