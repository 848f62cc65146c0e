import type { Command, PinnedSnapshot, StateMachine } from '@flotilla/cluster';
import type { Model } from '@flotilla/linearizability';
import { stateMachineSubject } from '../workload/state-machine-subject.js';
import type { Subject } from '../workload/workload.js';

/** A counter: a command adds its one byte and returns the sum; a snapshot is the sum. */
export class Counter implements StateMachine {
  total = 0;

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    return commands.map(({ data }) => numberBytes((this.total += data[0] ?? 0)));
  }

  snapshot(): PinnedSnapshot {
    const bytes = numberBytes(this.total);
    return {
      async *read() {
        yield bytes;
      },
      release: () => undefined,
    };
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of chunks) this.total = bytesNumber(chunk);
  }
}

/** What a client asks of a counter: to add, or to read where `add` is 0. */
export interface CounterInput {
  readonly add: number;
}

/** A counter that nobody replicates. */
export const COUNTER_MODEL: Model<number, CounterInput, number> = {
  init: 0,
  step: (sum, { add }, output) => (output === undefined || output === sum + add ? sum + add : undefined),
};

/** Counters of one class, with clients that add and read. */
export function counterSubject(create: () => Counter): Subject {
  return stateMachineSubject<Counter, number, CounterInput, number>({
    create,
    model: COUNTER_MODEL,
    draw: (prng) => ({ add: prng.integer(0, 4) }),
    encode: ({ add }) => (add === 0 ? undefined : Uint8Array.of(add)),
    decode: (result) => bytesNumber(result),
    read: ({ total }) => total,
  });
}

/** 4 bytes, little-endian. */
export function numberBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, number, true);
  return bytes;
}

/** @throws {RangeError} for fewer than 4 bytes */
export function bytesNumber(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0, true);
}
