import type { PortLike, PortRendezvous } from '@flotilla/transport-message-port';

type Listener = (event: { readonly data: unknown }) => void;

/**
 * Links that can be cut, as a network's: what is sent over a cut link is lost without a word, dials hang, and a connection that lost something
 * breaks when the link heals, and not before.
 */
export class CutPorts {
  #cut: ReadonlySet<string> = new Set();
  readonly #ports = new Set<CutPort>();

  /** The same rendezvous, with links that obey `cut`. */
  over(rendezvous: PortRendezvous): PortRendezvous {
    return {
      listen: (name, accept) =>
        rendezvous.listen(name, (port, from) => {
          if (!this.#cut.has(from)) accept(this.#wrapped(port, from), from);
        }),
      connect: async (name, signal) => {
        if (this.#cut.has(name)) await new Promise<never>((_, reject) => onceAborted(signal, reject));
        return this.#wrapped(await rendezvous.connect(name, signal), name);
      },
      close: () => rendezvous.close(),
    };
  }

  /** These peers are cut off, and no others. */
  cut(peers: readonly string[]): void {
    this.#cut = new Set(peers);
    for (const port of this.#ports) if (port.lossy && !this.#cut.has(port.peer)) port.break();
  }

  #wrapped(port: PortLike, peer: string): PortLike {
    const wrapped = new CutPort(
      port,
      peer,
      () => this.#cut.has(peer),
      () => this.#ports.delete(wrapped),
    );
    this.#ports.add(wrapped);
    return wrapped;
  }
}

function onceAborted(signal: AbortSignal, reject: (reason: unknown) => void): void {
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
}

class CutPort implements PortLike {
  readonly peer: string;
  /** Something was lost on it. */
  lossy = false;
  readonly #port: PortLike;
  readonly #isCut: () => boolean;
  readonly #forget: () => void;
  readonly #closeListeners: (() => void)[] = [];
  #listener: Listener | null = null;

  constructor(port: PortLike, peer: string, isCut: () => boolean, forget: () => void) {
    this.peer = peer;
    this.#port = port;
    this.#isCut = isCut;
    this.#forget = forget;
    port.addEventListener?.('close', () => this.#ended());
  }

  get onmessage(): Listener | null {
    return this.#listener;
  }

  set onmessage(listener: Listener | null) {
    this.#listener = listener;
    this.#port.onmessage = (event: { readonly data: unknown }) => {
      if (this.#isCut()) this.lossy = true;
      else if (!this.lossy) this.#listener?.(event);
    };
  }

  postMessage(message: unknown, transfer?: readonly object[]): void {
    if (this.#isCut()) this.lossy = true;
    else if (!this.lossy) this.#port.postMessage(message, transfer);
  }

  close(): void {
    this.#forget();
    this.#port.close();
  }

  addEventListener(_type: 'close', listener: () => void): void {
    this.#closeListeners.push(listener);
  }

  /** The link heals, and something is missing. */
  break(): void {
    this.close();
    this.#ended();
  }

  #ended(): void {
    this.#forget();
    for (const listener of this.#closeListeners.splice(0)) listener();
  }
}
