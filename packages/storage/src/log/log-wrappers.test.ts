import { describe, expect, test } from 'vitest';
import { entriesOf, markAt } from '../conformance/log-workload.js';
import type { LogBatch } from '../log-engine.js';
import { MemoryLogEngine } from '../memory.js';
import { checkedLogEngine } from './checked-log-engine.js';
import { teeLogEngine } from './tee-log-engine.js';

describe('checkedLogEngine', () => {
  const before: LogBatch = [
    {
      group: 1,
      hardState: { term: 3, vote: 2, commit: 2 },
      snapshotMark: markAt(1, 1),
      entries: entriesOf(2, 3, 3, 1),
    },
  ];
  for (const [rule, batch] of [
    ['a gap', [{ group: 1, entries: entriesOf(6, 1, 3, 1) }]],
    ['a group twice', [{ group: 2 }, { group: 2 }]],
    ['compaction above the mark', [{ group: 1, compactTo: 2 }]],
    ['a term that falls', [{ group: 1, hardState: { term: 2, vote: 2, commit: 2 } }]],
    ['a vote that changes in its term', [{ group: 1, hardState: { term: 3, vote: 1, commit: 2 } }]],
    ['a vote that is forgotten in its term', [{ group: 1, hardState: { term: 3, vote: 0, commit: 2 } }]],
    ['a commit index that falls', [{ group: 1, hardState: { term: 3, vote: 2, commit: 1 } }]],
    ['a commit index above the log', [{ group: 1, hardState: { term: 3, vote: 2, commit: 5 } }]],
    [
      'a term below that of the last entry',
      [{ group: 1, entries: entriesOf(5, 1, 9, 1), hardState: { term: 8, vote: 0, commit: 2 } }],
    ],
    ['terms of entries that fall', [{ group: 1, entries: [...entriesOf(5, 1, 4, 1), ...entriesOf(6, 1, 3, 1)] }]],
  ] as const) {
    test(`${rule} is a bug of the caller`, async () => {
      const engine = checkedLogEngine(new MemoryLogEngine());
      await engine.recover();
      await engine.append(before);
      await expect(engine.append(batch)).rejects.toMatchObject({ name: 'InvariantViolation' });
    });
  }
  test('what was recovered binds as what was appended', async () => {
    const memory = new MemoryLogEngine();
    await memory.recover();
    await memory.append(before);
    await memory.close();
    const engine = checkedLogEngine(memory.reopen());
    await engine.recover();
    await expect(engine.append([{ group: 1, hardState: { term: 3, vote: 1, commit: 2 } }])).rejects.toMatchObject({
      name: 'InvariantViolation',
    });
  });
  test('a vote in a later term is free, and a removed group begins anew', async () => {
    const engine = checkedLogEngine(new MemoryLogEngine());
    await engine.recover();
    await engine.append(before);
    await engine.append([{ group: 1, hardState: { term: 4, vote: 3, commit: 4 } }]);
    await engine.append([{ group: 1, removed: true }]);
    await engine.append([{ group: 1, hardState: { term: 1, vote: 1, commit: 0 } }]);
    await engine.close();
  });
  test('append comes between recover and close', async () => {
    const engine = checkedLogEngine(new MemoryLogEngine());
    await expect(engine.append([])).rejects.toMatchObject({ name: 'InvariantViolation' });
    await engine.recover();
    await engine.close();
    await expect(engine.append([])).rejects.toMatchObject({ name: 'InvariantViolation' });
  });
});

describe('teeLogEngine', () => {
  test('stops at the first difference of what was recovered', async () => {
    for (const batch of [
      [{ group: 1, hardState: { term: 1, vote: 0, commit: 0 } }],
      [{ group: 1, snapshotMark: markAt(4, 1) }],
      [{ group: 1, entries: entriesOf(1, 2, 1, 5) }],
    ]) {
      const other = new MemoryLogEngine();
      await other.recover();
      await other.append(batch);
      await other.close();
      const tee = teeLogEngine(new MemoryLogEngine(), other.reopen());
      await expect(tee.recover()).rejects.toMatchObject({ name: 'InvariantViolation' });
    }
  });
  test('stops when one takes what the other refuses, and passes on what both refuse', async () => {
    const first = new MemoryLogEngine();
    const second = new MemoryLogEngine();
    const tee = teeLogEngine(first, second);
    await tee.recover();
    await expect(tee.append([{ group: 1, entries: entriesOf(2, 1, 1, 1) }])).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    await second.append([{ group: 1, entries: entriesOf(1, 1, 1, 1) }]);
    await expect(tee.append([{ group: 1, entries: entriesOf(2, 1, 1, 1) }])).rejects.toMatchObject({
      name: 'InvariantViolation',
    });
    await tee.close();
  });
});
