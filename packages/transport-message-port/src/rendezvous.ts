import type { PortLike } from './port.js';

/** A name that is listened on. */
export interface PortListening {
  /** Gives the name up. Idempotent. */
  close(): void;
}

/** Where listeners are found by name, and ports to them come from. */
export interface PortRendezvous {
  /**
   * Claims a name; `accept` is given one end of a port for each dial, and what is known of who dialled: the name of its link at the hub.
   *
   * @throws {FlotillaError} AddressInUse, Shutdown
   */
  listen(name: string, accept: (port: PortLike, from: string) => void): Promise<PortListening>;
  /**
   * A port to whoever listens on a name; its other end was handed over. The signal ends the wait.
   *
   * @throws {FlotillaError} Unreachable, Shutdown
   */
  connect(name: string, signal: AbortSignal): Promise<PortLike>;
  /** Gives up all names. Ports that were handed out go on. Idempotent. */
  close(): void;
}
