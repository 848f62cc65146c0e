export { type Delay, exponentialDelay, heavyTailedDelay, type RandomSource, uniformDelay } from './memory/delay.js';
export type { InjectedFaults, NetworkEffect } from './memory/injected-faults.js';
export type { LinkLoss } from './memory/link.js';
export type { MemoryNetworkOptions, MemoryTransportOptions } from './memory/memory-network-options.js';
export { MemoryNetwork } from './memory/memory-network.js';
export type { MessageSocket, MessageSocketEvents } from './multiplex/message-socket.js';
export type { MemoryTransport } from './memory/memory-transport.js';
