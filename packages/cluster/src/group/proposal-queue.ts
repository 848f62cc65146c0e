import type { FlotillaError } from '@flotilla/errors';
import type { ProposalSink } from './completion-sink.js';

/** Proposals of one group that wait for the next turn, in which they become one message. */
export class ProposalQueue {
  #commands: Uint8Array[] = [];
  #sinks: ProposalSink[] = [];
  #slots: number[] = [];
  #bytes = 0;

  get size(): number {
    return this.#commands.length;
  }

  /** Bytes of the commands that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  add(command: Uint8Array, sink: ProposalSink, slot: number): void {
    this.#commands.push(command);
    this.#sinks.push(sink);
    this.#slots.push(slot);
    this.#bytes += command.length;
  }

  /** Takes all that wait. */
  take(): { readonly commands: Uint8Array[]; readonly sinks: ProposalSink[]; readonly slots: number[] } {
    const taken = { commands: this.#commands, sinks: this.#sinks, slots: this.#slots };
    this.#commands = [];
    this.#sinks = [];
    this.#slots = [];
    this.#bytes = 0;
    return taken;
  }

  /** Fails all that wait: they never reached a log. */
  failAll(error: () => FlotillaError): void {
    const { sinks, slots } = this.take();
    for (let at = 0; at < sinks.length; at++) (sinks[at] as ProposalSink).failed(slots[at] as number, error());
  }
}
