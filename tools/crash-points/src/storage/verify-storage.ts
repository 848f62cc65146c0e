import { equals } from '@flotilla/bytes';
import type { NodeStorage, RecoveredGroup, StoredSnapshot } from '@flotilla/storage';
import { prefixOf } from '@flotilla/storage/conformance';
import type { MemoryFiles } from '@flotilla/storage/memory';
import { catalogAfter, openEngines, ScriptRun, type StorageScript } from './storage-script.js';
import { copyOfTruth, MARKED_GROUP, type Reached, type StorageTruth, type WrittenSnapshot } from './storage-truth.js';

/** How far the script has come, by what is on a disk. */
interface Found {
  readonly batches: number;
  readonly saves: number;
  /** Of each group, which of its states. */
  readonly newest: ReadonlyMap<number, number>;
}

/**
 * Recovers what a crash left: all that was acknowledged is there, and nothing but what was begun; a power cut right after
 * the recovery changes nothing; the engines go on from there, and what they then acknowledge is there after one more power cut.
 *
 * @throws {Error} saying which of these does not hold
 */
export async function verifyStorage(files: MemoryFiles, script: StorageScript, truth: StorageTruth): Promise<void> {
  const first = await look(files, script, truth);
  const cut = files.crash('none');
  const second = await look(cut, script, truth);
  const difference = differenceOfFound(first, second);
  if (difference !== undefined) throw new Error(`a power cut right after the recovery changed ${difference}`);
  const goneOn = await goOn(cut, script, truth, second);
  const third = await look(cut.crash('none'), script, goneOn);
  const lost = differenceOfFound(endOf(goneOn), third);
  if (lost !== undefined) throw new Error(`of what was acknowledged after the recovery a power cut took ${lost}`);
}

/** Recovers, compares, and closes. A second crash may strike anywhere in it. */
export async function look(files: MemoryFiles, script: StorageScript, truth: StorageTruth): Promise<Found> {
  const storage = await openEngines(files);
  try {
    const log = await storage.log(0);
    return await compare(await log.recover(), storage, script, truth);
  } finally {
    await storage.close();
  }
}

/** How two recoveries differ; undefined: not at all. */
export function differenceOfFound(a: Found, b: Found): string | undefined {
  if (a.batches !== b.batches) return `${a.batches} batches to ${b.batches}`;
  if (a.saves !== b.saves) return `${a.saves} saves of the catalog to ${b.saves}`;
  for (const [group, state] of a.newest) {
    if (b.newest.get(group) !== state) return `the newest snapshot of group ${group}, number ${state}`;
  }
  return undefined;
}

async function compare(
  groups: readonly RecoveredGroup[],
  storage: NodeStorage,
  script: StorageScript,
  truth: StorageTruth,
): Promise<Found> {
  const { batches, saves } = truth;
  if (groups.some(({ group }) => group === MARKED_GROUP) !== truth.isMarked) {
    throw new Error(
      truth.isMarked ? 'a batch that was appended after the recovery is gone' : 'there is a group that nobody wrote',
    );
  }
  const written = groups.filter(({ group }) => group !== MARKED_GROUP);
  const foundBatches = prefixOf(written, script.workload, {
    acknowledged: batches.acknowledged,
    issued: batches.begun,
  });
  const foundSaves = await savesIn(storage, saves);
  const newest = new Map<number, number>();
  const listed = await storage.snapshots.list();
  for (const snapshot of listed) {
    if (!truth.newest.has(snapshot.group)) throw new Error(`nobody committed a snapshot of group ${snapshot.group}`);
  }
  for (const [group, { reached, states }] of truth.newest) {
    const found = listed.find((snapshot) => snapshot.group === group);
    newest.set(group, await stateOf(storage, found, states, reached, group));
  }
  return { batches: foundBatches, saves: foundSaves, newest };
}

async function savesIn(storage: NodeStorage, { acknowledged, begun }: Reached): Promise<number> {
  const decoder = new TextDecoder();
  const record = [...(await storage.catalog.load())].map(([name, value]) => `${name}=${decoder.decode(value)}`);
  const text = record.sort().join('\n');
  for (let saves = begun; saves >= acknowledged; saves--) {
    const expected = [...catalogAfter(saves)].map(([name, value]) => `${name}=${value}`);
    if (expected.sort().join('\n') === text) return saves;
  }
  throw new Error(`the catalog is that of no number of saves from ${acknowledged} to ${begun}`);
}

async function stateOf(
  storage: NodeStorage,
  found: StoredSnapshot | undefined,
  states: readonly (WrittenSnapshot | undefined)[],
  { acknowledged, begun }: Reached,
  group: number,
): Promise<number> {
  for (let state = begun; state >= acknowledged; state--) {
    if (await isSame(storage, found, states[state])) return state;
  }
  const what = found === undefined ? 'none' : `one at ${found.index}`;
  const expected = states.slice(acknowledged, begun + 1).map((state) => state?.mark.index ?? 'none');
  throw new Error(`group ${group} should have its newest snapshot at ${expected.join(' or ')}, and there is ${what}`);
}

async function isSame(
  storage: NodeStorage,
  found: StoredSnapshot | undefined,
  expected: WrittenSnapshot | undefined,
): Promise<boolean> {
  if (found === undefined || expected === undefined) return found === expected;
  const { mark, content } = expected;
  if (found.index !== mark.index || found.term !== mark.term || found.size !== content.length) return false;
  if (JSON.stringify(found.confState) !== JSON.stringify(mark.confState)) return false;
  let at = 0;
  for await (const piece of storage.snapshots.read(found)) {
    if (!equals(piece, content.subarray(at, at + piece.length))) return false;
    at += piece.length;
  }
  return at === content.length;
}

/** The next steps of the script, on what was found. */
async function goOn(
  files: MemoryFiles,
  script: StorageScript,
  truth: StorageTruth,
  found: Found,
): Promise<StorageTruth> {
  const next = settledAt(truth, found);
  const storage = await openEngines(files);
  try {
    const run = await ScriptRun.begin(script, storage, next);
    await run.mark();
    const early = files.fork('none');
    await look(early, script, copyOfTruth(next));
    await Promise.all([run.append(2), run.save()]);
    for (const group of truth.partials.keys()) await run.resume(group);
    await storage.snapshots.sweepPartials(0);
    const stray = files.paths().filter((path) => path.endsWith('.partial'));
    if (stray.length > 0) throw new Error(`a sweep left ${stray.join(', ')}`);
  } finally {
    await storage.close();
  }
  return next;
}

/** The truth once a recovery has settled what was open. */
function settledAt(truth: StorageTruth, found: Found): StorageTruth {
  const settled = copyOfTruth(truth);
  settled.batches.acknowledged = settled.batches.begun = found.batches;
  settled.saves.acknowledged = settled.saves.begun = found.saves;
  for (const [group, newest] of settled.newest) {
    const state = found.newest.get(group) ?? 0;
    newest.reached.acknowledged = newest.reached.begun = state;
    newest.states.length = state + 1;
    const partial = settled.partials.get(group);
    // What was committed after all is no partial any more.
    if (partial !== undefined && newest.states[state]?.mark.index === partial.mark.index)
      settled.partials.delete(group);
  }
  return settled;
}

function endOf(truth: StorageTruth): Found {
  const newest = new Map([...truth.newest].map(([group, { reached }]) => [group, reached.acknowledged]));
  return { batches: truth.batches.acknowledged, saves: truth.saves.acknowledged, newest };
}
