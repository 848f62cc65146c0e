import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { parseHistory } from '../src/formats.js';
import { checkLinearizability } from '../src/index.js';

const folder =
  process.env['LINEARIZABILITY_TESTDATA'] ||
  fileURLToPath(new URL('../../../../shared/linearizability', import.meta.url));
const isThere = statSync(folder, { throwIfNoEntry: false }) !== undefined;
if (!isThere) {
  process.stdout.write(
    `skipped: recorded histories, for ${folder} is not there; LINEARIZABILITY_TESTDATA names their folder (1 skipped)\n`,
  );
}

// The verdicts that come with the histories: of the files named by number these, of the others those called ok.
const LINEARIZABLE = /^(etcd_(002|018|038|048)\.log|c\d+-ok\.txt)$/;
const WITH_VERDICT = /^(etcd_0[0-5][02468]\.log|c\d+-(ok|bad)\.txt)$/;

describe.skipIf(!isThere)('histories of others, with their verdicts', () => {
  for (const [subfolder, format] of [
    ['etcd-jepsen', 'etcd-jepsen'],
    ['kv', 'porcupine-kv'],
  ] as const) {
    const names = isThere ? readdirSync(join(folder, subfolder)).filter((name) => WITH_VERDICT.test(name)) : [];
    test.each(names)(`${subfolder}/%s`, (name) => {
      const { model, history } = parseHistory(format, readFileSync(join(folder, subfolder, name), 'utf8'));
      const expected = LINEARIZABLE.test(name) ? 'linearizable' : 'not-linearizable';
      // A bound on steps is the same on every machine: a million take a second or so.
      const budget = { steps: 5_000_000 };
      expect(checkLinearizability(model, history, { budget }).verdict).toBe(expected);
      // The search alone, without the short cut for values that are written once.
      const { uniqueWrites: _, ...searched } = model;
      expect(checkLinearizability(searched, history, { budget }).verdict).toBe(expected);
    });
  }
});
