import type { Runtime } from '@flotilla/runtime';
import type { TlsIdentity } from '../transport.js';

/** One node's side of the memory network: its clock, and what is to be called back there. */
export class MemoryNode {
  readonly name: string;
  readonly runtime: Runtime;
  readonly tls: TlsIdentity | undefined;
  /** Whether the network's events are also this node's: else they wait for a turn of its own runtime, which may be paused. */
  readonly #sharesRuntime: boolean;
  #inbox: (() => void)[] = [];

  constructor(name: string, runtime: Runtime, sharesRuntime: boolean, tls: TlsIdentity | undefined) {
    this.name = name;
    this.runtime = runtime;
    this.tls = tls;
    this.#sharesRuntime = sharesRuntime;
  }

  /** Calls back in the node's next turn, in order. */
  enqueue(callback: () => void): void {
    this.#inbox.push(callback);
    if (this.#inbox.length === 1) this.runtime.nextTurn(() => this.#drain());
  }

  /** Calls back for an arrival: at once where the network's turn is the node's own. */
  deliver(callback: () => void): void {
    if (this.#sharesRuntime && this.#inbox.length === 0) callback();
    else this.enqueue(callback);
  }

  #drain(): void {
    const inbox = this.#inbox;
    this.#inbox = [];
    for (const callback of inbox) callback();
  }
}
