import { readFile } from 'node:fs/promises';
import type { Fleet } from '../processes/fleet.js';

const MIB = 1_048_576;
/** A server of a few groups and a few thousand keys never needs more, in bytes. */
export const MEMORY_MAX: number = 1_024 * MIB;
const LOOK_MS = 1_000;

/** Watches how much memory the servers take. Knows nothing where there is no /proc. */
export class MemoryWatch {
  /** The most that one process took, in bytes; 0: not known. */
  peak = 0;
  readonly #fleet: Fleet;
  readonly #timer: NodeJS.Timeout;

  constructor(fleet: Fleet) {
    this.#fleet = fleet;
    this.#timer = setInterval(() => void this.#look(), LOOK_MS);
  }

  async #look(): Promise<void> {
    for (const { pid } of this.#fleet.running) {
      if (pid === undefined) continue;
      // The process, or all of /proc, may not be there.
      const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
      const kib = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
      this.peak = Math.max(this.peak, kib * 1_024);
    }
  }

  /** What is wrong with it, in words. */
  problems(): string[] {
    if (this.peak <= MEMORY_MAX) return [];
    return [`a server took ${Math.round(this.peak / MIB)} MiB of memory, where ${MEMORY_MAX / MIB} are plenty`];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
