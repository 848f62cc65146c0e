import { isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCommand } from '../../test/arbitraries.js';
import { NaiveStore } from '../../test/naive-store.js';
import {
  checkCommand,
  type Command,
  type CommandAnswer,
  decodeAnswer,
  encodeCommand,
  putOperation,
} from '../protocol.js';
import { KvStateMachine } from './kv-state-machine.js';

/** The command's answer by the state machine, or the code of its error. */
function run(machine: KvStateMachine, command: Command): CommandAnswer | string {
  const [result] = machine.apply([{ index: 1, term: 1, data: encodeCommand(command) }]);
  try {
    return decodeAnswer(result!);
  } catch (error) {
    if (isFlotillaError(error)) return error.code;
    throw error;
  }
}

function refused(command: Command): boolean {
  try {
    checkCommand(command);
    return false;
  } catch {
    return true;
  }
}

async function restored(machine: KvStateMachine): Promise<KvStateMachine> {
  const pinned = machine.snapshot();
  const copy = new KvStateMachine();
  await copy.restore(pinned.read());
  pinned.release();
  return copy;
}

describe('the state machine against a naive model of etcd', () => {
  test('any commands give the same answers, revisions and errors', () => {
    fc.assert(
      fc.property(fc.array(anyCommand(), { maxLength: 60 }), (commands) => {
        const machine = new KvStateMachine();
        const naive = new NaiveStore();
        for (const command of commands) {
          const answer = run(machine, command);
          if (refused(command)) expect(answer).toBe('InvalidArgument');
          else expect(answer).toEqual(naive.run(command));
          expect(machine.store.revision).toBe(naive.revision);
          expect(machine.store.stats.keys).toBe(naive.state(naive.revision).size);
        }
      }),
      { numRuns: 1500 },
    );
  });

  test('a replica restored from a snapshot goes on like the one that made it, and equal states give equal bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCommand(), { maxLength: 40 }),
        fc.array(anyCommand(), { maxLength: 40 }),
        async (before, after) => {
          const machine = new KvStateMachine();
          for (const command of before) run(machine, command);
          const copy = await restored(machine);
          expect(copy.stateHash()).toBe(machine.stateHash());
          expect(copy.store.stats.keys).toBe(machine.store.stats.keys);
          for (const command of after) expect(run(copy, command)).toEqual(run(machine, command));
          expect(copy.stateHash()).toBe(machine.stateHash());
        },
      ),
      { numRuns: 300 },
    );
  });

  test('a snapshot shows the state as of its pin, whatever is written and compacted while it is read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyCommand(), { maxLength: 40 }),
        fc.array(anyCommand(), { maxLength: 40 }),
        async (before, after) => {
          const machine = new KvStateMachine();
          for (const command of before) run(machine, command);
          const hash = machine.stateHash();
          const pinned = machine.snapshot();
          for (const command of after) run(machine, command);
          const copy = new KvStateMachine();
          await copy.restore(pinned.read());
          pinned.release();
          expect(copy.stateHash()).toBe(hash);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('replicas that compact at different times stay equal', () => {
    fc.assert(
      fc.property(fc.array(anyCommand(), { maxLength: 60 }), (commands) => {
        const eager = new KvStateMachine();
        const lazy = new KvStateMachine();
        const pin = lazy.snapshot();
        for (const command of commands) expect(run(lazy, command)).toEqual(run(eager, command));
        expect(lazy.stateHash()).toBe(eager.stateHash());
        pin.release();
        lazy.apply([]);
        expect(lazy.stateHash()).toBe(eager.stateHash());
        expect(lazy.store.stats).toEqual(eager.store.stats);
      }),
      { numRuns: 300 },
    );
  });
});

describe('bytes that are no command', () => {
  test('are answered with an error, and change nothing', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (noise) => {
        const machine = new KvStateMachine();
        const bytes = Uint8Array.from([1, ...noise]);
        const before = machine.stateHash();
        const [result] = machine.apply([{ index: 1, term: 1, data: bytes }]);
        try {
          decodeAnswer(result!);
        } catch (error) {
          expect(isFlotillaError(error)).toBe(true);
          expect(machine.stateHash()).toBe(before);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('a command of a newer version throws, which stops the group rather than splitting the replicas', () => {
    const bytes = encodeCommand({ keyspace: 1, operation: putOperation(new Uint8Array([1]), new Uint8Array(0)) });
    const machine = new KvStateMachine();
    expect(machine.refusal(bytes)).toBeUndefined();
    bytes[0] = 2;
    expect(machine.refusal(bytes)?.code).toBe('IncompatibleVersion');
    expect(() => new KvStateMachine().apply([{ index: 1, term: 1, data: bytes }])).toThrow('IncompatibleVersion');
  });
});
