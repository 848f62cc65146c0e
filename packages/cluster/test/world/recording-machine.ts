import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import type { Command, PinnedSnapshot, StateMachine } from '../../src/state-machine.js';

/** A command as it was applied. */
export interface Applied {
  readonly index: number;
  readonly term: number;
  readonly text: string;
}

/** A state machine that remembers all it applied; the result of a command is its text and how many there were before it. */
export class RecordingMachine implements StateMachine {
  applied: Applied[] = [];
  /** Sizes of the batches that `apply` was given. */
  readonly batches: number[] = [];
  restores = 0;
  /** Throws on this text. */
  poison: string | undefined;
  /** Bytes that are put in front of a snapshot, to make it long. */
  ballast = 0;
  /** Called within apply. */
  onApply: (() => void) | undefined;

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    this.onApply?.();
    this.batches.push(commands.length);
    const results: Uint8Array[] = [];
    for (const { index, term, data } of commands) {
      const text = utf8Decode(data);
      if (text === this.poison) throw new Error(`poisoned by ${text}`);
      results.push(utf8Encode(`${text}#${this.applied.length}`));
      this.applied.push({ index, term, text });
    }
    return results;
  }

  get texts(): string[] {
    return this.applied.map(({ text }) => text);
  }

  snapshot(): PinnedSnapshot {
    const bytes = utf8Encode(JSON.stringify({ ballast: 'x'.repeat(this.ballast), applied: this.applied }));
    return {
      async *read() {
        for (let at = 0; at < bytes.length; at += 777) yield bytes.subarray(at, at + 777);
      },
      release: () => undefined,
    };
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: number[] = [];
    for await (const chunk of chunks) for (const byte of chunk) pieces.push(byte);
    this.applied = (JSON.parse(utf8Decode(new Uint8Array(pieces))) as { applied: Applied[] }).applied;
    this.restores++;
  }
}
