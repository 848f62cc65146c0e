import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CoreGroup } from './core-group.js';
import { TURNS_BETWEEN_LOOKS, WARM_UP_SECONDS, type CoreShape } from './core-shape.js';

/** Entries committed and applied by a group for each second of CPU time of this process, all threads; one figure a run. */
export function measureCore(shape: CoreShape): readonly number[] {
  const groups = Array.from({ length: shape.groups }, () => new CoreGroup());
  const collect = garbageCollector();
  const rates: number[] = [];
  for (let run = 0; run < shape.runs; run++) {
    drive(groups, shape, WARM_UP_SECONDS);
    collect();
    const before = appliedBy(groups);
    const used = drive(groups, shape, shape.seconds);
    rates.push((appliedBy(groups) - before) / used);
    if (!groups.every(({ isEven }) => isEven)) throw new Error('nodes differ in what they applied');
  }
  return rates;
}

/** Turns for so many seconds of CPU time: a machine that does other work as well takes longer, and measures the same. */
function drive(groups: readonly CoreGroup[], { batch, mode, payload }: CoreShape, seconds: number): number {
  const start = process.cpuUsage();
  for (let turn = 0; ; turn++) {
    groups[turn % groups.length]?.turn(batch, mode, payload);
    if (turn % TURNS_BETWEEN_LOOKS !== TURNS_BETWEEN_LOOKS - 1) continue;
    const { user, system } = process.cpuUsage(start);
    const used = (user + system) / 1e6;
    if (used >= seconds) return used;
  }
}

function appliedBy(groups: readonly CoreGroup[]): number {
  return groups.reduce((sum, { applied }) => sum + applied, 0);
}

function garbageCollector(): () => void {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  return () => {
    if (typeof collect === 'function') collect();
  };
}
