import {
  type LogBatch,
  type NodeStorage,
  openStorage,
  type SnapshotMark,
  type SnapshotWriter,
} from '@flotilla/storage';
import { type LogWorkload, scriptedBatches, workloadOf } from '@flotilla/storage/conformance';
import type { MemoryFiles } from '@flotilla/storage/memory';
import { Prng } from '@flotilla/runtime/virtual';
import { MARKED_GROUP, type StorageTruth, type WrittenSnapshot } from './storage-truth.js';

/** Small enough that the script fills, reuses and compacts segments. */
const SEGMENT_BYTES = 4096;
const CHUNK_BYTES = 700;

/** All that a run of the engines will do, and what its disk holds after each part of it. */
export interface StorageScript {
  readonly workload: LogWorkload;
  readonly rounds: number;
}

/** A catalog's values after so many saves. */
export function catalogAfter(saves: number): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (let save = 1; save <= saves; save++) {
    for (const [name, value] of changesOf(save)) {
      if (value === undefined) values.delete(name);
      else values.set(name, value);
    }
  }
  return values;
}

/** What the n-th save changes: one value comes and goes, one grows over several sectors. */
function changesOf(save: number): ReadonlyMap<string, string | undefined> {
  return new Map([
    ['epoch', `${save}`],
    ['metadata', 'm'.repeat((save * 397) % 1400)],
    ['sometimes', save % 3 === 0 ? undefined : `since ${save}`],
  ]);
}

export async function scriptOf(rounds: number): Promise<StorageScript> {
  return { rounds, workload: await workloadOf(scriptedBatches(rounds)) };
}

/** Opens all engines of a node, always in the same way. */
export function openEngines(files: MemoryFiles): Promise<NodeStorage> {
  const prng = new Prng('engines');
  return openStorage({
    files,
    segmentBytes: SEGMENT_BYTES,
    runtime: { now: () => 0, randomBytes: (length) => prng.bytes(length) },
  });
}

/**
 * Does the whole script on a disk, tells of the moments in which nothing is under way, and notes in `truth` what was begun and what was acknowledged. Logs, catalog and snapshots are at work
 * at the same time; half-way through, all is closed and opened again.
 */
export async function runScript(
  script: StorageScript,
  files: MemoryFiles,
  truth: StorageTruth,
  quiet: () => void = () => undefined,
): Promise<void> {
  const half = Math.ceil(script.rounds / 2);
  for (const [from, until] of [
    [0, half],
    [half, script.rounds],
  ] as const) {
    const storage = await openEngines(files);
    try {
      const run = await ScriptRun.begin(script, storage, truth);
      for (let round = from; round < until; round++) await run.round(round, quiet);
    } finally {
      await storage.close();
    }
  }
}

/** Appends, saves and snapshots over opened engines, from where `truth` says that the script has come. */
export class ScriptRun {
  readonly #script: StorageScript;
  readonly #storage: NodeStorage;
  readonly #truth: StorageTruth;
  readonly #append: (batch: LogBatch) => Promise<void>;

  private constructor(
    script: StorageScript,
    storage: NodeStorage,
    truth: StorageTruth,
    append: (batch: LogBatch) => Promise<void>,
  ) {
    this.#script = script;
    this.#storage = storage;
    this.#truth = truth;
    this.#append = append;
  }

  static async begin(script: StorageScript, storage: NodeStorage, truth: StorageTruth): Promise<ScriptRun> {
    const log = await storage.log(0);
    await log.recover();
    return new ScriptRun(script, storage, truth, (batch) => log.append(batch));
  }

  /** One round: several batches in flight, saves beside them, and a snapshot's life in between. */
  async round(round: number, quiet: () => void): Promise<void> {
    const index = 10 * (round + 1);
    await Promise.all([this.append(3), this.save()]);
    quiet();
    const kept = await this.#write(1, index, 5);
    await this.#keep(kept);
    quiet();
    await Promise.all([this.append(2), this.resume(1)]);
    await this.#storage.snapshots.prune(1, { below: index });
    quiet();
    await Promise.all([this.append(1), this.save(), this.save(), this.#commit(await this.#write(2, index + 1, 2))]);
    if (round % 2 === 1) await this.#pruneAll(2);
    quiet();
    const forgotten = await this.#write(3, index, 2);
    await this.#keep(forgotten);
    if (round % 2 === 1) await this.#sweep();
    quiet();
  }

  /** The next `count` batches of the script, all in flight at once. */
  async append(count: number): Promise<void> {
    const { batches } = this.#truth;
    const flight = this.#script.workload.batches.slice(batches.begun, batches.begun + count);
    batches.begun += flight.length;
    await Promise.all(
      flight.map(async (batch) => {
        await this.#append(batch);
        batches.acknowledged++;
      }),
    );
  }

  /** One batch of a single sector, in the place of the one that the script has next: what is left of that one, if it was torn, must not matter. */
  async mark(): Promise<void> {
    await this.#append([{ group: MARKED_GROUP, hardState: { term: 1, vote: 1, commit: 0 } }]);
    this.#truth.isMarked = true;
  }

  async save(): Promise<void> {
    const { saves } = this.#truth;
    const encoder = new TextEncoder();
    const changes = new Map<string, Uint8Array | undefined>();
    for (const [name, value] of changesOf(++saves.begun)) {
      changes.set(name, value === undefined ? undefined : encoder.encode(value));
    }
    await this.#storage.catalog.save(changes);
    saves.acknowledged++;
  }

  /** Goes on with a group's partial, as far as there is one, to its end. */
  async resume(group: number): Promise<void> {
    const partial = this.#truth.partials.get(group);
    if (partial === undefined) return;
    const writer = await this.#storage.snapshots.create(group, partial.mark, { resume: true });
    if (writer.offset > partial.written)
      throw new Error(`a partial of ${partial.written} bytes is resumed at ${writer.offset}`);
    await this.#fill(writer, partial, partial.content.length);
    await this.#commit({ ...partial, writer });
  }

  async #write(group: number, index: number, chunks: number): Promise<WrittenSnapshot & { writer: SnapshotWriter }> {
    const content = new Prng(`snapshot ${group} ${index}`).bytes(chunks * CHUNK_BYTES);
    const mark: SnapshotMark = {
      index,
      term: 1 + group,
      confState: { voters: [1, 2, group], learners: [9], votersOutgoing: [], learnersNext: [], autoLeave: false },
    };
    const snapshot = { group, mark, content };
    this.#truth.partials.set(group, { ...snapshot, written: 0 });
    const writer = await this.#storage.snapshots.create(group, mark);
    await this.#fill(writer, snapshot, Math.ceil(chunks / 2) * CHUNK_BYTES);
    return { ...snapshot, writer };
  }

  async #fill(writer: SnapshotWriter, { group, content }: WrittenSnapshot, until: number): Promise<void> {
    const partial = this.#truth.partials.get(group);
    while (writer.offset < until) {
      const end = Math.min(until, writer.offset + CHUNK_BYTES);
      if (partial !== undefined) partial.written = Math.max(partial.written, end);
      await writer.write(content.subarray(writer.offset, end));
    }
  }

  #keep({ writer }: { writer: SnapshotWriter }): Promise<void> {
    return writer.abort({ keep: true });
  }

  async #commit({ writer, ...snapshot }: WrittenSnapshot & { writer: SnapshotWriter }): Promise<void> {
    await this.#fill(writer, snapshot, snapshot.content.length);
    const newest = this.#newestOf(snapshot.group);
    newest.states.push(snapshot);
    newest.reached.begun++;
    await writer.commit();
    newest.reached.acknowledged++;
    this.#truth.partials.delete(snapshot.group);
  }

  async #pruneAll(group: number): Promise<void> {
    const newest = this.#newestOf(group);
    const below = newest.states.at(-1)?.mark.index ?? 0;
    await this.#storage.snapshots.prune(group, { below });
    newest.states.push(undefined);
    newest.reached.begun++;
    await this.#storage.snapshots.prune(group, { all: true });
    newest.reached.acknowledged++;
  }

  async #sweep(): Promise<void> {
    this.#truth.partials.clear();
    await this.#storage.snapshots.sweepPartials(0);
  }

  #newestOf(group: number) {
    let newest = this.#truth.newest.get(group);
    if (newest === undefined) {
      newest = { reached: { acknowledged: 0, begun: 0 }, states: [undefined] };
      this.#truth.newest.set(group, newest);
    }
    return newest;
  }
}
