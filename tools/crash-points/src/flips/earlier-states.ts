import { type RecoveredGroup, SECTOR_BYTES } from '@flotilla/storage';
import type { MemoryFiles } from '@flotilla/storage/memory';
import { type FileHistory, inflict } from './damage.js';
import { type OpenReplica, pictureOf, type ReplicaPicture } from './replica-picture.js';

/** Logs that would be found had the last writes to a segment never happened: each segment as zeros from each of its sectors on. */
export async function earlierLogs(files: MemoryFiles, open: OpenReplica): Promise<(readonly RecoveredGroup[])[]> {
  const logs: (readonly RecoveredGroup[])[] = [];
  for (const path of files.paths().filter((name) => name.includes('/segment-'))) {
    const length = files.peek(path)?.length ?? 0;
    for (let at = SECTOR_BYTES; at < length; at += SECTOR_BYTES) {
      const cut = files.fork('process');
      cut.tamper(path, at, new Uint8Array(length - at));
      const picture = await tryPicture(cut, open);
      if (picture !== undefined) logs.push(picture.groups);
    }
  }
  return logs;
}

/** Catalogs that the files of the catalog once were. */
export async function earlierCatalogs(
  files: MemoryFiles,
  open: OpenReplica,
  history: FileHistory,
): Promise<ReadonlyMap<string, Uint8Array>[]> {
  const catalogs: ReadonlyMap<string, Uint8Array>[] = [];
  for (const [path, versions] of history) {
    if (!path.endsWith('/catalog')) continue;
    for (const version of versions.keys()) {
      const old = files.fork('process');
      await inflict(old, { kind: 'stale', path, version }, history);
      const picture = await tryPicture(old, open);
      if (picture !== undefined) catalogs.push(picture.catalog);
    }
  }
  return catalogs;
}

/** Undefined: the folder was refused. */
function tryPicture(files: MemoryFiles, open: OpenReplica): Promise<ReplicaPicture | undefined> {
  return pictureOf(files, open).catch(() => undefined);
}
