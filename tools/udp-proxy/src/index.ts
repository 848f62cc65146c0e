export type { Conditions } from './conditions.js';
export {
  type Address,
  type Counters,
  type Direction,
  startUdpProxy,
  type UdpProxy,
  type UdpProxyOptions,
} from './udp-proxy.js';
