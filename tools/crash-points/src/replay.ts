import { scenarioNamed, replicaNamed } from './crash-points.js';
import { damageByName } from './flips/flips.js';
import { damagedMemberNamed } from './node/damaged-member.js';
import { machineCrash, powerCut } from './node/node-crashes.js';
import type { Moment, Step } from './node/crash-point.js';
import { rolledBackMember } from './node/rolled-back-member.js';
import type { Layer, Tally } from './report/tally.js';
import { SIZES } from './size.js';
import { storageCrash } from './storage/storage-crashes.js';

/** One state, as a line of a run named it. Numbers count from 1. */
export interface ReplayOptions {
  readonly seed: number;
  readonly layer: Layer;
  readonly rounds?: number;
  readonly scenario?: string;
  /** A machine, or `all`. */
  readonly node?: string;
  /** A number; with `all`, a machine and a number, such as `n2:17`. */
  readonly call?: string;
  readonly event?: string;
  readonly when?: string;
  readonly choices?: string;
  readonly second?: number;
  readonly replica?: string;
  readonly damage?: string;
}

/** Tries one state again. @throws {RangeError} where the options name none */
export async function replay(options: ReplayOptions, tally: Tally): Promise<void> {
  switch (options.layer) {
    case 'storage':
      return replayStorage(options, tally);
    case 'node':
      return replayNode(options, tally);
    case 'flips':
      if (options.scenario !== undefined) {
        const scenario = scenarioNamed(options.scenario);
        const damage = needed(options.damage, 'damage');
        const step = /^rollback:(\d+)$/.exec(damage)?.[1];
        if (step !== undefined) return rolledBackMember(scenario, options.seed, Number(step), tally);
        return damagedMemberNamed(scenario, options.seed, damage, tally);
      }
      return damageByName(
        await replicaNamed(needed(options.replica, 'replica'), options.seed),
        needed(options.damage, 'damage'),
        { seed: options.seed, ...SIZES.default.flips },
        tally,
      );
  }
}

function replayStorage({ seed, rounds, call, when, choices, second }: ReplayOptions, tally: Tally): Promise<void> {
  const { storage } = SIZES.default;
  const moment = momentOf(when);
  if (moment === 'after') throw new RangeError('--when is before or during: after a call is before the next one');
  return storageCrash(
    { ...storage, seed, rounds: rounds ?? storage.rounds },
    {
      call: Number(needed(call, 'call')),
      when: moment,
      survival: needed(choices, 'choices'),
      ...(second === undefined ? {} : { second }),
    },
    tally,
  );
}

function replayNode(options: ReplayOptions, tally: Tally): Promise<void> {
  const { seed, node, second } = options;
  const scenario = scenarioNamed(needed(options.scenario, 'scenario'));
  const point = { when: momentOf(options.when), survival: needed(options.choices, 'choices') };
  const kind: Step['kind'] = options.event === undefined ? 'call' : 'event';
  const at = needed(options.event ?? options.call, 'call or --event');
  if (node !== 'all') {
    const step: Step = { machine: needed(node, 'node'), kind, number: Number(at) };
    return machineCrash(scenario, seed, { step, ...point, second }, tally);
  }
  const [machine = '', number = ''] = at.split(':');
  return powerCut(scenario, seed, { step: { machine, kind, number: Number(number) }, ...point }, tally);
}

function momentOf(when: string | undefined): Moment {
  if (when === 'before' || when === 'during' || when === 'after') return when;
  throw new RangeError('--when is before, during or after');
}

function needed(value: string | undefined, name: string): string {
  if (value === undefined) throw new RangeError(`--${name} is needed to try one state again`);
  return value;
}
