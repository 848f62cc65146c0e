import type { Command, PinnedSnapshot, StateMachine } from '@flotilla/cluster';
import type { Application } from '../../world/application.js';

/** Of a snapshot, so that it is sent in several pieces. */
const SNAPSHOT_BYTES = 4_096;

/** Counts the commands that it applied. */
class Tally implements StateMachine {
  #count = 0;

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    return commands.map(() => {
      this.#count++;
      return new Uint8Array(0);
    });
  }

  snapshot(): PinnedSnapshot {
    const bytes = new Uint8Array(SNAPSHOT_BYTES);
    new DataView(bytes.buffer).setUint32(0, this.#count);
    return {
      async *read() {
        yield bytes;
      },
      release: () => undefined,
    };
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const head: number[] = [];
    for await (const chunk of chunks) for (const byte of chunk) if (head.length < 4) head.push(byte);
    this.#count = new DataView(Uint8Array.from(head).buffer).getUint32(0);
  }
}

/** An application whose only state is how many commands it was given. */
export const tally: Application = { open: () => ({ stateMachine: () => new Tally() }) };
