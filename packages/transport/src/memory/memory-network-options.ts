import type { Runtime } from '@flotilla/runtime';
import type { KeepAlive } from '../multiplex/options.js';
import type { TransportEvent } from '../observe.js';
import type { TlsIdentity, TransportLimits } from '../transport.js';
import type { Delay } from './delay.js';

/** Of a memory network. */
export interface MemoryNetworkOptions {
  /** Whose clock, timers and turns carry the messages: virtual, or the system's. */
  readonly runtime: Runtime;
  /** Decides all delays and losses (default: drawn from the runtime). */
  readonly seed?: number | string;
  /** From any node to any other, until `setLatency` says otherwise (default 0). */
  readonly latency?: Delay;
  /** Of all transports, until one has its own. */
  readonly limits?: Partial<TransportLimits>;
}

/** Of one node's transport. */
export interface MemoryTransportOptions {
  /** The node's own clock (default: the network's). While it is paused, nothing is delivered to the node. */
  readonly runtime?: Runtime;
  readonly limits?: Partial<TransportLimits>;
  /** Default: none, so that a half-open connection lasts until traffic finds it out. */
  readonly keepAlive?: KeepAlive;
  /** Who the node is by its certificate. With one, its connections are no longer of the loopback kind. */
  readonly tls?: TlsIdentity;
  readonly observe?: (event: TransportEvent) => void;
}
