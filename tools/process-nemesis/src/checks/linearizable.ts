import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { checkLinearizability, drawHtml, type History, keyValue } from '@flotilla/linearizability';
import { formatJsonLines } from '@flotilla/linearizability/formats';
import type { Answer, Request } from '../load/operation.js';

/** Time for one history, in ms: what is not decided by then is not passed. */
const CHECK_MS = 120_000;

/** Writes the history down, checks it key by key, and returns what is wrong, in words. A history that fails is drawn as well. */
export async function checkHistory(history: History<Request, Answer>, folder: string, name: string): Promise<string[]> {
  const path = join(folder, `${name}.jsonl`);
  await writeFile(path, formatJsonLines(history, 'key-value'));
  const model = keyValue<string>();
  const now = (): number => performance.now();
  const verdict = checkLinearizability(model, history, { budget: { milliseconds: CHECK_MS }, now });
  if (verdict.verdict === 'linearizable') return [];
  const picture = join(folder, `${name}.html`);
  await writeFile(picture, drawHtml(model, verdict, { title: name }));
  const keys = verdict.partitions.filter((one) => one.verdict === verdict.verdict).map((one) => one.key ?? '');
  return [`the history is ${verdict.verdict} in ${keys.join(', ')}: ${path}, drawn in ${picture}`];
}
