export { type BroadcastOptions, broadcastRendezvous } from './broadcast-rendezvous.js';
export { hubRendezvous } from './hub-rendezvous.js';
export {
  type MessagePortTransport,
  messagePortTransport,
  type MessagePortTransportOptions,
} from './message-port-transport.js';
export type { PortLike } from './port.js';
export { type HubLink, PortHub } from './port-hub.js';
export type { PortListening, PortRendezvous } from './rendezvous.js';
