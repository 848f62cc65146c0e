import { FlotillaError } from '@flotilla/errors';
import { expect, test } from 'vitest';
import type { AppliedCommands, AppliedOperation } from './applied-commands.js';
import { ClientHistory } from './client-history.js';
import { checkKeys } from './linearizable-keys.js';

const UNKNOWN = new FlotillaError('Timeout', {
  message: 'late',
  details: { operation: 'put', ms: 1 },
  outcome: 'unknown',
});
const DEFINITE = new FlotillaError('Timeout', {
  message: 'never sent',
  details: { operation: 'put', ms: 1 },
  outcome: 'definite',
});

/** Logs that hold these operations. */
function logs(...operations: readonly (readonly [number, Partial<AppliedOperation>])[]): AppliedCommands {
  const found = new Map(operations);
  return { find: (operation: number) => found.get(operation) } as unknown as AppliedCommands;
}

const put = (value: string) => ({ type: 'put', key: 'k', value }) as const;

test('a write of unknown outcome took effect before a replica applied it, or never', () => {
  const history = new ClientHistory();
  const applied = history.begin('a', 1, put('1'), 'write');
  const lost = history.begin('b', 2, put('2'), 'write');
  history.failed(applied, UNKNOWN);
  history.failed(lost, UNKNOWN);
  expect(history.settled(logs([1, { at: 9, answer: { kind: 'put', prevKv: undefined } }]))).toEqual([
    { process: 'a', input: put('1'), callAt: 1, output: null, returnAt: 9 },
  ]);
  expect(history.counts).toMatchObject({ ok: 0, definite: 0, unknown: 2 });
});

test('what came of a compare-and-set and of a delete is read from the log', () => {
  const history = new ClientHistory();
  const input = { type: 'cas', key: 'k', from: null, to: '1' } as const;
  history.failed(history.begin('a', 1, input, 'write'), UNKNOWN);
  history.failed(history.begin('b', 2, { type: 'delete', key: 'k' }, 'write'), UNKNOWN);
  const txn = (succeeded: boolean, deleted: number) =>
    ({ kind: 'txn', succeeded, answers: [{ kind: 'deleteRange', deleted, prevKvs: [] }] }) as const;
  const settled = history.settled(logs([1, { at: 5, answer: txn(false, 0) }], [2, { at: 6, answer: txn(true, 1) }]));
  expect(settled).toMatchObject([{ output: false }, { output: true }]);
});

test('a definite failure that was applied is a violation', () => {
  const history = new ClientHistory();
  history.failed(history.begin('a', 1, put('1'), 'write'), DEFINITE);
  expect(history.settled(logs())).toEqual([]);
  expect(() => history.settled(logs([1, { index: 7, group: 2 }]))).toThrow(
    'definite-failure: operation 1 of a was said to have failed for certain, and is command 7 of group 2',
  );
});

test('reads that failed tell nothing; a write that the log does not tell from others stays indeterminate', () => {
  const history = new ClientHistory();
  history.failed(history.begin('a', 1, { type: 'get', key: 'k' }, 'read'), UNKNOWN);
  history.failed(history.begin('b', 2, { type: 'delete', key: 'k' }, 'unmarked'), UNKNOWN);
  history.failed(history.begin('b', 3, { type: 'delete', key: 'k' }, 'unmarked'), DEFINITE);
  expect(history.settled(logs())).toEqual([
    { process: 'b', input: { type: 'delete', key: 'k' }, callAt: 2, indeterminate: true },
  ]);
});

test('each event has an instant of its own: what follows another at the same time is not concurrent with it', () => {
  const history = new ClientHistory();
  history.answered(history.begin('a', 1, put('1'), 'write'), null);
  history.answered(history.begin('b', 2, { type: 'get', key: 'k' }, 'read'), null);
  expect(() => checkKeys(history.settled(logs()))).toThrow('linearizability: not linearizable: k');
});

test('the checker counts keys, and those that it could not decide', () => {
  const history = new ClientHistory();
  history.answered(history.begin('a', 1, put('1'), 'write'), null);
  history.sawAside('b', { type: 'get', key: 'other' }, null, 0);
  expect(checkKeys(history.settled(logs()))).toEqual({ keys: 2, operations: 2, undecided: 0 });
});
