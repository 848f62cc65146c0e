import { openStorage } from '@flotilla/storage';
import { SEGMENT_BYTES } from '../node/crash-cluster.js';
import { clusterOf, type Scenario } from '../node/scenario.js';
import { watchSteps } from '../node/crash-point.js';
import { fileHistory } from './file-history.js';
import type { DamagedReplica } from './flips.js';

/** The folder of one machine after a scenario in which nothing crashed. */
export async function nodeReplica(scenario: Scenario, machine: string, seed: number): Promise<DamagedReplica> {
  const run = clusterOf(scenario, seed);
  await scenario.prepare(run);
  const { note, history } = fileHistory();
  const { disk } = run.cluster.node(machine);
  watchSteps(run, (step) => {
    if (step.machine === machine && step.number % 25 === 0) note(disk.files);
    return undefined;
  });
  await scenario.body(run);
  run.end();
  return {
    name: `${scenario.name}-${machine}`,
    files: disk.files.fork('all'),
    open: (files) =>
      openStorage({
        files,
        segmentBytes: SEGMENT_BYTES,
        runtime: { now: () => 0, randomBytes: (length) => new Uint8Array(length) },
      }),
    partials: [],
    history,
    marksAreStored: true,
  };
}
