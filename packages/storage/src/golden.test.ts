import { expect, test } from 'vitest';
import { JOINT_CONFIGURATION, scriptedBatches, workloadOf } from './conformance/log-workload.js';
import { differenceOf } from './log/tee-log-engine.js';
import { MemoryFiles } from './memory.js';
import { openStorage } from './open-storage.js';
import { GOLDEN_V1 } from './testdata/golden-v1.js';

test('a data folder that version 1 wrote is read: log, compacted segments, snapshot and catalog', async () => {
  const files = new MemoryFiles();
  for (const [path, { size, sectors }] of Object.entries(GOLDEN_V1)) {
    files.tamper(path, 0, new Uint8Array(size));
    for (const [at, text] of Object.entries(sectors)) {
      files.tamper(
        path,
        Number(at),
        Uint8Array.from(atob(text), (character) => character.charCodeAt(0)),
      );
    }
  }
  const runtime = { now: () => 0, randomBytes: (length: number) => new Uint8Array(length) };
  const storage = await openStorage({ files, runtime, folder: 'data', segmentBytes: 8192 });
  expect(await storage.catalog.load()).toEqual(
    new Map([
      ['name', Uint8Array.of(1, 2, 3)],
      ['empty', new Uint8Array(0)],
    ]),
  );
  const { states } = await workloadOf(scriptedBatches(3));
  expect(differenceOf(await (await storage.log(0)).recover(), states.at(-1) ?? [])).toBeUndefined();
  const [snapshot] = await storage.snapshots.list();
  expect(snapshot).toMatchObject({ group: 7, index: 50, term: 4, confState: JOINT_CONFIGURATION, size: 700 });
  if (snapshot === undefined) return;
  for await (const piece of storage.snapshots.read(snapshot)) expect(piece).toEqual(new Uint8Array(700).fill(5));
  await storage.close();
});
