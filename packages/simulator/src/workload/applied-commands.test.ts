import { utf8Encode } from '@flotilla/bytes';
import { type Command, SessionStateMachine } from '@flotilla/cluster';
import { KvStateMachine } from '@flotilla/kv';
import {
  deleteRangeOperation,
  encodeCommand,
  type Operation,
  prefixRange,
  putOperation,
  rangeOperation,
} from '@flotilla/kv/protocol';
import { Prng } from '@flotilla/runtime/virtual';
import { encodeSessionEnvelope } from '@flotilla/wire';
import { describe, expect, test } from 'vitest';
import type { Observation } from '../observation/observation.js';
import { AppliedCommands } from './applied-commands.js';
import { markedValue } from './operation-mark.js';

const REPLICA = { node: 'n1', life: 1, nodeId: 1, group: 1 };
const bytes = (text: string) => utf8Encode(text);
const bare = (operation: Operation) =>
  encodeSessionEnvelope({ kind: 'bare', command: encodeCommand({ keyspace: 0, operation }) });
const put = (key: string, value: string) => putOperation(bytes(key), bytes(value));

/** A real replica whose commands are observed. */
class Replica {
  readonly machine = new SessionStateMachine(new KvStateMachine());
  #index = 0;

  apply(...data: readonly Uint8Array[]): Extract<Observation, { kind: 'applied' }> {
    const commands: Command[] = data.map((each) => ({ index: ++this.#index, term: 1, data: each }));
    return { kind: 'applied', replica: REPLICA, commands, results: this.machine.apply(commands) };
  }
}

function drawOperation(prng: Prng, depth = 0): Operation {
  const key = prng.pick(['a', 'b', '{t}c', '{t}d']);
  switch (prng.integer(0, depth === 0 ? 5 : 3)) {
    case 0:
      return { ...put(key, `v${prng.integer(0, 4)}`), prevKv: prng.chance(0.5) };
    case 1:
      return deleteRangeOperation(prng.chance(0.3) ? prefixRange(bytes('{t}')) : { key: bytes(key), end: undefined }, {
        prevKv: prng.chance(0.5),
      });
    case 2:
      return rangeOperation(prng.chance(0.5) ? prefixRange(bytes('{t}')) : { key: bytes(key), end: undefined });
    default: {
      const target = prng.pick(['version', 'create', 'mod', 'value'] as const);
      const operand = target === 'value' ? bytes(`v${prng.integer(0, 4)}`) : prng.integer(0, 6);
      const range = prng.chance(0.2) ? prefixRange(bytes('{t}')) : { key: bytes('{t}c'), end: undefined };
      const relation = prng.pick(['equal', 'notEqual', 'greater', 'less'] as const);
      // Each key is written once in a transaction: more is refused, or has rules of its own.
      const branch = (): Operation[] => [put('{t}c', 'x'), rangeOperation(prefixRange(bytes('{t}')))];
      return {
        kind: 'txn',
        compares: [{ ...range, target, relation, operand }],
        success: branch(),
        failure: prng.chance(0.5) ? branch() : [],
      };
    }
  }
}

describe('what replicas apply is computed a second time', () => {
  test('any operations answer what the reference store computes', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const prng = new Prng(seed);
      const applied = new AppliedCommands(() => 0);
      const replica = new Replica();
      for (let step = 0; step < 40; step++) applied.observe(replica.apply(bare(drawOperation(prng))));
      expect(applied.store(1).revision).toBeGreaterThan(5);
    }
  });

  test('each command counts as the first replica that applies it', () => {
    const applied = new AppliedCommands(() => 0);
    const [one, other] = [new Replica(), new Replica()];
    for (const replica of [one, other]) {
      applied.observe(replica.apply(bare(put('a', '1')), bare(put('a', '2'))));
      applied.observe(replica.apply(bare(put('a', '3'))));
    }
    expect(applied.store(1).revision).toBe(4);
    expect(applied.store(1).events.map(({ revision }) => revision)).toEqual([2, 3, 4]);
  });

  test('another answer is a violation', () => {
    const applied = new AppliedCommands(() => 0);
    const replica = new Replica();
    const { commands, ...rest } = replica.apply(bare(put('a', '1')));
    const { results } = new Replica().apply(bare(put('b', '1')), bare(put('a', '1')));
    expect(() => applied.observe({ ...rest, commands, results: results.slice(1) })).toThrow(
      'reference-store: command 1',
    );
  });
});

describe('operations of clients are known again by their marks', () => {
  const clientId = new Uint8Array(16).fill(7);
  const command = (sequence: number, operation: Operation) =>
    encodeSessionEnvelope({
      kind: 'command',
      clientId,
      sequence,
      acknowledged: 0,
      vshard: 3,
      command: encodeCommand({ keyspace: 0, operation }),
    });
  const register = encodeSessionEnvelope({ kind: 'register', clientId, vshard: 3, ttlMs: 1_000 });

  test('a repetition in a session counts once', () => {
    let instant = 0;
    const applied = new AppliedCommands(() => ++instant);
    const replica = new Replica();
    const first = command(1, put('a', markedValue(41, 10)));
    applied.observe(replica.apply(register, first, first));
    applied.observe(replica.apply(first));
    expect(applied.find(41)).toMatchObject({ group: 1, index: 2, revision: 2, at: 1 });
    expect(applied.find(42)).toBeUndefined();
  });

  test('a command of a session that is gone was not applied', () => {
    const applied = new AppliedCommands(() => 0);
    applied.observe(new Replica().apply(command(1, put('a', markedValue(41, 0)))));
    expect(applied.find(41)).toBeUndefined();
  });

  test('an operation that takes effect twice is a violation', () => {
    const applied = new AppliedCommands(() => 0);
    const replica = new Replica();
    applied.observe(replica.apply(bare(put('a', markedValue(41, 0, '7')))));
    expect(() => applied.observe(replica.apply(bare(put('a', markedValue(41, 30)))))).toThrow(
      'applied-once: operation 41 was applied as command 1 of group 1, and again as 2 of 1',
    );
  });
});
