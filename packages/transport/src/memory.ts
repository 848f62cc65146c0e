export { type Delay, exponentialDelay, heavyTailedDelay, type RandomSource, uniformDelay } from './memory/delay.js';
export type { LinkLoss } from './memory/link.js';
export {
  type InjectedFaults,
  MemoryNetwork,
  type NetworkEffect,
  type MemoryNetworkOptions,
  type MemoryTransportOptions,
} from './memory/memory-network.js';
export type { MessageSocket, MessageSocketEvents } from './multiplex/message-socket.js';
export type { MemoryTransport } from './memory/memory-transport.js';
