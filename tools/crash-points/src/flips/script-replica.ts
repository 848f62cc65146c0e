import { MemoryFiles } from '@flotilla/storage/memory';
import { openEngines, runScript, scriptOf } from '../storage/storage-script.js';
import { freshTruth } from '../storage/storage-truth.js';
import { fileHistory } from './file-history.js';
import type { DamagedReplica } from './flips.js';

/** The folder that the script of the storage layer leaves: small files of every kind, a partial snapshot among them. */
export async function scriptReplica(rounds: number): Promise<DamagedReplica> {
  const truth = freshTruth();
  const files = new MemoryFiles();
  const { note, history } = fileHistory();
  files.onCall = ({ number }) => {
    if (number % 40 === 0) note(files);
    return undefined;
  };
  await runScript(await scriptOf(rounds), files, truth);
  return {
    name: `script-${rounds}`,
    files: files.fork('all'),
    open: openEngines,
    partials: [...truth.partials.values()],
    history,
    marksAreStored: false,
  };
}
