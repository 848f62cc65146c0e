import { openNodeStorage } from '../index.js';

// Holds a data folder and appends for ever, telling each acknowledged index on a line of its own.
const folder = process.argv[2] ?? '';
const runtime = { now: () => 0, randomBytes: (length: number) => new Uint8Array(length).fill(7) };
const storage = await openNodeStorage({ folder, runtime, segmentBytes: 65_536 });
const log = await storage.log(0);
await log.recover();
for (let index = 1; ; index++) {
  await log.append([{ group: 1, entries: [{ term: 1, index, type: 0, data: new Uint8Array(700).fill(index) }] }]);
  process.stdout.write(`${index}\n`);
}
