import { utf8Encode } from '@flotilla/bytes';
import { KeyValuePair } from '@flotilla/client';
import { putOperation } from '@flotilla/kv/protocol';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Observation } from '../observation/observation.js';
import type { SimulatedCluster } from '../world/simulated-cluster.js';
import { KvRun } from './kv-run.js';

const PLAN = { clients: 1, pauseMs: 1, keys: 2, valueBytes: 8 };
let observed: Observation[] = [];
let run: KvRun;

beforeEach(() => {
  observed = [];
  const cluster = {
    observer: { observe: (observation: Observation) => observed.push(observation) },
    story: { note: () => undefined },
  };
  run = new KvRun(cluster as unknown as SimulatedCluster, PLAN);
});

const write = (group: number, key: string, value: string) =>
  run.applied.store(group).execute(putOperation(utf8Encode(key), utf8Encode(value)));
const pair = (key: string, value: string, modRevision: number, more: Partial<KeyValuePair> = {}) =>
  new KeyValuePair({
    key: utf8Encode(key),
    value: utf8Encode(value),
    createRevision: modRevision,
    modRevision,
    version: 1,
    lease: 0,
    ...more,
  });

describe('ranges', () => {
  beforeEach(() => {
    write(1, 'key 0', 'a');
    write(2, 'key 1', 'b');
    write(1, 'key 0', 'c');
  });

  test('hold exactly what their groups held at the revisions that they name', () => {
    const revisions = [
      { group: 1, revision: 2 },
      { group: 2, revision: 2 },
    ];
    run.ranged('key ', [pair('key 0', 'a', 2), pair('key 1', 'b', 2)], revisions, 'stale');
    expect(() => run.ranged('key ', [pair('key 0', 'a', 2)], revisions, 'stale')).toThrow('read-of-revision');
    expect(() => run.ranged('key ', [pair('key 0', 'c', 3), pair('key 1', 'b', 2)], revisions, 'stale')).toThrow(
      'gave key 0@3 key 1@2, where there is key 0@2 key 1@2',
    );
  });

  test('are not of the future', () => {
    expect(() => run.ranged('key ', [], [{ group: 1, revision: 4 }], 'stale')).toThrow('read-of-applied');
  });

  test('that are linearizable are not below what was acknowledged before they began; stale ones may be', () => {
    const latest = pair('key 0', 'c', 3, { createRevision: 2, version: 2 });
    run.ranged('key ', [latest], [{ group: 1, revision: 3 }], run.floors());
    const floors = run.floors();
    const old = [{ group: 1, revision: 2 }];
    run.ranged('key ', [pair('key 0', 'a', 2)], old, 'stale');
    expect(() => run.ranged('key ', [pair('key 0', 'a', 2)], old, floors)).toThrow('stale-read');
  });
});

test('a pair that is read was written so', () => {
  write(1, 'key 0', 'a');
  run.seen(undefined);
  run.seen(pair('key 0', 'a', 2));
  expect(() => run.seen(pair('key 0', 'b', 2))).toThrow('read-of-written');
  expect(() => run.seen(pair('key 0', 'a', 2, { version: 2 }))).toThrow('read-of-written');
});

describe('acknowledged writes', () => {
  const applied = { group: 1, index: 5, term: 2, command: new Uint8Array(1), revision: 4 };

  test('are in the log with the answer that was given, and observers hear of them', () => {
    const operation = run.history.begin('a', 1, { type: 'put', key: 'key 0', value: '1' }, 'write');
    expect(() => run.acknowledged(operation, 'key 0', { group: 1, revision: 4 }, new Map())).toThrow(
      'no replica applied it',
    );
    run.applied.find = () => ({ ...applied, answer: { kind: 'put', prevKv: undefined }, at: 1 });
    run.acknowledged(operation, 'key 0', { group: 1, revision: 4 }, new Map());
    expect(run.groupOf('key 0')).toBe(1);
    expect(observed).toEqual([{ kind: 'acknowledged', group: 1, index: 5, term: 2, command: applied.command }]);
    expect(() => run.acknowledged(operation, 'key 0', { group: 1, revision: 3 }, new Map())).toThrow(
      'was applied at revision 4 of group 1',
    );
    expect(() => run.acknowledged(operation, 'key 0', { group: 1, revision: 4 }, new Map([[1, 5]]))).toThrow(
      'revision-order',
    );
  });

  test('what a client found ends the run', () => {
    run.endIfBroken();
    run.found(new Error('first'));
    run.found(new Error('second'));
    expect(() => run.endIfBroken()).toThrow('first');
  });
});
