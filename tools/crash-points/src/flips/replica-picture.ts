import { crc32c, equals } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import type { NodeStorage, RecoveredGroup, SnapshotMark, StoredSnapshot } from '@flotilla/storage';
import { differenceOf } from '@flotilla/storage/conformance';
import type { MemoryFiles } from '@flotilla/storage/memory';

/** How a replica's folder is opened: as its node does. */
export type OpenReplica = (files: MemoryFiles) => Promise<NodeStorage>;

/** A partial snapshot on the disk, and all that it should become. */
export interface KnownPartial {
  readonly group: number;
  readonly mark: SnapshotMark;
  readonly content: Uint8Array;
}

/** All that a node would start from. */
export interface ReplicaPicture {
  readonly groups: readonly RecoveredGroup[];
  readonly catalog: ReadonlyMap<string, Uint8Array>;
  readonly snapshots: readonly StoredSnapshot[];
}

/** What is known of a replica's folder while it is whole. */
export interface ReplicaTruth {
  readonly picture: ReplicaPicture;
  /** Logs that this one once was, or would be had its last writes never happened. */
  readonly earlierLogs: readonly (readonly RecoveredGroup[])[];
  /** Catalogs that this one once was. */
  readonly earlierCatalogs: readonly ReadonlyMap<string, Uint8Array>[];
  readonly partials: readonly KnownPartial[];
  /** The log's marks stand for snapshots of this folder, so that a node misses one that is not there. */
  readonly marksAreStored: boolean;
}

/** What came of a damage; see {@link judge}. */
export type Verdict = 'same' | 'refused' | 'earlier';

/** Takes the picture of an undamaged disk. The disk itself is left as it is. */
export async function pictureOf(files: MemoryFiles, open: OpenReplica): Promise<ReplicaPicture> {
  const storage = await open(files.fork('process'));
  try {
    const log = await storage.log(0);
    const groups = await log.recover();
    return { groups, catalog: await storage.catalog.load(), snapshots: await storage.snapshots.list() };
  } finally {
    await storage.close();
  }
}

/**
 * Opens a damaged disk as a node would, reads all that the node could serve from it, and compares that with the truth.
 *
 * @param damaged Paths of what was damaged: parts of the folder that have nothing to do with these are not read to their end.
 * @returns `refused` where the folder, or a snapshot in it, was refused by StorageCorrupt or IncompatibleVersion; `same` where everything is
 * as it was; `earlier` where the log or the catalog is, as a whole, what it was before its last writes
 * @throws {Error} where anything else came out: wrong data, a part of the data, another error
 */
export async function judge(
  files: MemoryFiles,
  open: OpenReplica,
  truth: ReplicaTruth,
  damaged: readonly string[],
): Promise<Verdict> {
  let storage: NodeStorage | undefined;
  try {
    storage = await open(files);
    const isLogWhole = damaged.every((path) => path.includes('snapshots/'));
    const groups = isLogWhole ? truth.picture.groups : await (await storage.log(0)).recover();
    const verdicts = [judgeLog(groups, truth), judgeCatalog(await storage.catalog.load(), truth)];
    if (await missesSnapshot(groups, storage, truth)) return 'refused';
    compareListed(await storage.snapshots.list(), truth.picture.snapshots);
    if (damaged.some((path) => path.includes('snapshots/'))) {
      await readSnapshots(storage);
      for (const partial of truth.partials) await finishPartial(storage, partial);
    }
    return verdicts.includes('earlier') ? 'earlier' : 'same';
  } catch (error) {
    if (isFlotillaError(error, 'IncompatibleVersion')) return 'refused';
    if (!isFlotillaError(error, 'StorageCorrupt')) throw error;
    const { path, offset, reason } = error.details;
    if (path === '' || reason === '' || !Number.isSafeInteger(offset)) throw error;
    return 'refused';
  } finally {
    await storage?.close();
  }
}

function judgeLog(groups: readonly RecoveredGroup[], { picture, earlierLogs }: ReplicaTruth): Verdict {
  const difference = differenceOf(groups, picture.groups);
  if (difference === undefined) return 'same';
  if (earlierLogs.some((earlier) => differenceOf(groups, earlier) === undefined)) return 'earlier';
  throw new Error(`the log was recovered as another: ${difference}`);
}

function judgeCatalog(found: ReadonlyMap<string, Uint8Array>, { picture, earlierCatalogs }: ReplicaTruth): Verdict {
  const name = differenceOfCatalogs(found, picture.catalog);
  if (name === undefined) return 'same';
  if (earlierCatalogs.some((earlier) => differenceOfCatalogs(found, earlier) === undefined)) return 'earlier';
  throw new Error(`the catalog's value ${name} is another one`);
}

/** The first name whose value differs; undefined: none. */
function differenceOfCatalogs(
  found: ReadonlyMap<string, Uint8Array>,
  truth: ReadonlyMap<string, Uint8Array>,
): string | undefined {
  for (const name of new Set([...found.keys(), ...truth.keys()])) {
    const ours = found.get(name);
    const theirs = truth.get(name);
    if (ours === undefined || theirs === undefined || !equals(ours, theirs)) return name;
  }
  return undefined;
}

/** Whether a log begins behind a snapshot that is not there: its node refuses such a replica. */
async function missesSnapshot(
  groups: readonly RecoveredGroup[],
  storage: NodeStorage,
  { marksAreStored }: ReplicaTruth,
): Promise<boolean> {
  if (!marksAreStored) return false;
  const stored = new Map((await storage.snapshots.list()).map(({ group, index }) => [group, index]));
  return groups.some(({ group, snapshotMark }) => (snapshotMark?.index ?? 0) > (stored.get(group) ?? 0));
}

function compareListed(listed: readonly StoredSnapshot[], truth: readonly StoredSnapshot[]): void {
  const outline = ({ group, index, term, confState, size, checksum }: StoredSnapshot): string =>
    JSON.stringify([group, index, term, confState, size, checksum]);
  if (listed.map(outline).join() !== truth.map(outline).join()) {
    throw new Error(`the snapshots are ${listed.map(outline).join()} and should be ${truth.map(outline).join()}`);
  }
}

async function readSnapshots(storage: NodeStorage): Promise<void> {
  for (const snapshot of await storage.snapshots.list()) {
    let checksum = 0;
    for await (const piece of storage.snapshots.read(snapshot)) checksum = crc32c(piece, checksum);
    if (checksum !== snapshot.checksum) throw new Error(`the snapshot of group ${snapshot.group} was read as another`);
  }
}

/** Whatever became of a partial: its snapshot must come out right. */
async function finishPartial(storage: NodeStorage, { group, mark, content }: KnownPartial): Promise<void> {
  const writer = await storage.snapshots.create(group, mark, { resume: true });
  await writer.write(content.subarray(writer.offset));
  const snapshot = await writer.commit({ size: content.length, checksum: crc32c(content) });
  for await (const piece of storage.snapshots.read(snapshot)) void piece;
}
