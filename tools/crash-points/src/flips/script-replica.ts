import { MemoryFiles } from '@flotilla/storage/memory';
import { openEngines, runScript, scriptOf } from '../storage/storage-script.js';
import { freshTruth } from '../storage/storage-truth.js';
import type { FileHistory } from './damage.js';
import { fileHistory } from './file-history.js';
import type { DamagedReplica } from './flips.js';

/** Moments of a round of the script in which nothing is under way. */
export const QUIET_MOMENTS = 5;

/**
 * The folder that the script of the storage layer leaves: small files of every kind, a partial snapshot among them. With `moment`, as it is
 * at that one of its quiet moments, counted from 1 on.
 */
export async function scriptReplica(rounds: number, moment: number = QUIET_MOMENTS * rounds): Promise<DamagedReplica> {
  const truth = freshTruth();
  const files = new MemoryFiles();
  const { note, history } = fileHistory();
  let left = moment;
  let taken: Pick<DamagedReplica, 'files' | 'history' | 'partials'> | undefined;
  await runScript(await scriptOf(rounds), files, truth, () => {
    if (--left === 0)
      taken = { files: files.fork('all'), history: copyOf(history), partials: [...truth.partials.values()] };
    note(files);
  });
  if (taken === undefined) throw new RangeError(`the script has no quiet moment ${moment}`);
  return { name: `script-${rounds}-${moment}`, ...taken, open: openEngines, marksAreStored: false };
}

function copyOf(history: FileHistory): FileHistory {
  return new Map([...history].map(([path, versions]) => [path, [...versions]]));
}
