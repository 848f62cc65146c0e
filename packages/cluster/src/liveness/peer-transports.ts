import { type Runtime, withDeadline } from '@flotilla/runtime';
import type { Connection, Handshake, Listener, Transport } from '@flotilla/transport';
import { cannotDial, dialTimeout, noTransport } from './link-errors.js';

/** The transports of this node: an address is carried by the one that has its scheme. */
export class PeerTransports {
  readonly #runtime: Runtime;
  readonly #dialTimeoutMs: number;
  readonly #byScheme = new Map<string, Transport>();

  constructor(runtime: Runtime, transports: readonly Transport[], dialTimeoutMs: number) {
    this.#runtime = runtime;
    this.#dialTimeoutMs = dialTimeoutMs;
    for (const transport of transports) {
      for (const scheme of transport.schemes) this.#byScheme.set(scheme, transport);
    }
  }

  /** Whether there is a transport for the address. */
  carries(address: string): boolean {
    return this.#transportFor(address) !== undefined;
  }

  /** Listens on an address. @throws AddressInUse, InvalidConfig */
  listen(
    address: string,
    accepting: { readonly handshake: Handshake; accept(connection: Connection): void },
  ): Promise<Listener> {
    const transport = this.#transportFor(address);
    return transport === undefined ? Promise.reject(noTransport(address)) : transport.listen(address, accepting);
  }

  /** Dials an address, for no longer than `dialTimeoutMs`. @throws Unreachable, Timeout, Aborted, or what either side's handshake says */
  dial(address: string, signal: AbortSignal, handshake: Handshake): Promise<Connection> {
    const transport = this.#transportFor(address);
    if (transport === undefined) return Promise.reject(cannotDial(address));
    const ms = this.#dialTimeoutMs;
    const expired = (): Error => dialTimeout(address, ms);
    return withDeadline(this.#runtime, { ms, signal, expired }, (dialSignal) =>
      transport.dial(address, { handshake, signal: dialSignal }),
    );
  }

  #transportFor(address: string): Transport | undefined {
    return this.#byScheme.get(address.slice(0, address.indexOf(':') + 1));
  }
}
