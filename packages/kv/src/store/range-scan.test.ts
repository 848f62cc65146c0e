import fc from 'fast-check';
import { expect, test } from 'vitest';
import { anyCommand, anyRangeOperation } from '../../test/arbitraries.js';
import { checkCommand, putOperation, rangeOperation } from '../protocol.js';
import { executeCommand } from './command-execution.js';
import { compositeRange } from './composite-range.js';
import { KvStore } from './kv-store.js';
import { RangeScan } from './range-scan.js';

test('a scan in steps, with writes between them, answers as one without', () => {
  fc.assert(
    fc.property(
      fc.array(anyCommand(), { maxLength: 30 }),
      anyRangeOperation,
      fc.integer({ min: 1, max: 3 }),
      fc.array(anyCommand(), { maxLength: 10 }),
      (before, operation, step, between) => {
        const store = new KvStore();
        const run = (command: (typeof before)[number]): void => {
          try {
            checkCommand(command);
            executeCommand(store, command);
          } catch {
            // What is refused changes nothing.
          }
          store.compactSome();
        };
        before.forEach(run);
        const revision = store.revision;
        const scan = (): RangeScan =>
          new RangeScan(store, compositeRange(1, operation), operation, revision, 1_000_000);
        const whole = scan();
        whole.advance(Number.MAX_SAFE_INTEGER);
        const expected = whole.answer();
        const pin = store.pin(revision);
        const stepped = scan();
        while (!stepped.advance(step)) {
          const command = between.pop();
          if (command !== undefined) run(command);
        }
        expect(stepped.answer()).toEqual(expected);
        store.unpin(pin);
      },
    ),
    { numRuns: 1000 },
  );
});

test('a scan stops after the keys that may be seen, whatever was deleted between them', () => {
  const store = new KvStore();
  for (let i = 0; i < 20; i++) {
    executeCommand(store, { keyspace: 1, operation: putOperation(Uint8Array.of(i), new Uint8Array(0)) });
  }
  for (let i = 0; i < 10; i++) {
    executeCommand(store, {
      keyspace: 1,
      operation: { kind: 'deleteRange', key: Uint8Array.of(i), end: undefined, prevKv: false },
    });
  }
  const operation = rangeOperation({ key: Uint8Array.of(0), end: Uint8Array.of(20) });
  const scan = new RangeScan(store, compositeRange(1, operation), operation, store.revision, 1_000_000);
  expect(scan.advance(Number.MAX_SAFE_INTEGER, 4)).toBe(false);
  expect(scan.seen).toBe(5);
});
