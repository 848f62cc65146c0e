import type { Command, PinnedSnapshot, StateMachine } from '@flotilla/cluster';
import { decodeSessionEnvelope } from '@flotilla/wire';

/** Takes the envelope off commands and keeps no sessions: at most at tests' own risk. */
export class EnvelopeMachine implements StateMachine {
  readonly #inner: StateMachine;

  constructor(inner: StateMachine) {
    this.#inner = inner;
  }

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    const inner = commands.map(({ index, term, data }) => {
      const envelope = decodeSessionEnvelope(data);
      if (envelope.kind !== 'bare') throw new Error(`no sessions here: ${envelope.kind}`);
      return { index, term, data: envelope.command };
    });
    return this.#inner.apply(inner).map((result) => Uint8Array.from([0, ...result]));
  }

  snapshot(): PinnedSnapshot {
    return this.#inner.snapshot();
  }

  restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    return this.#inner.restore(chunks);
  }
}
