import type { FilesCall, FilesFault } from '@flotilla/storage/memory';
import { survivalNamed, type SurvivalName } from '../survival/survivals.js';
import type { CrashCluster } from './crash-cluster.js';

/** A step of a machine: a call of its disk, or something that it told of. Numbers count from the begin of a scenario's body. */
export interface Step {
  readonly machine: string;
  readonly kind: 'call' | 'event';
  readonly number: number;
}

/** Where in its step a machine dies. An event has no inside: `before` stands for it. */
export type Moment = 'before' | 'during' | 'after';

/** One crash of one machine. */
export interface CrashPoint {
  readonly step: Step;
  readonly when: Moment;
  readonly survival: SurvivalName;
  /** It crashes again so many calls of its disk later, while it recovers, three times in a row; undefined: only once. */
  readonly second?: number | undefined;
}

/** So many crashes follow the first one, where any do. */
const REPEATED = 3;

/** Counts the steps of all machines from now on, and tells of each before it happens; what comes back happens to a call. */
export function watchSteps(run: CrashCluster, visit: (step: Step, text: string) => FilesFault | undefined): () => void {
  for (const { name: machine, disk } of run.cluster.nodes.values()) {
    let calls = 0;
    disk.onCall = ({ operation, path }: FilesCall) =>
      visit({ machine, kind: 'call', number: ++calls }, `${operation} ${path}`);
  }
  const events = new Map<string, number>();
  run.onEvent = (machine, text) => {
    const number = (events.get(machine) ?? 0) + 1;
    events.set(machine, number);
    visit({ machine, kind: 'event', number }, text);
  };
  return () => {
    run.onEvent = undefined;
    for (const { disk } of run.cluster.nodes.values()) disk.onCall = undefined;
  };
}

/** Lets a machine die at a point. Returns whether it has, and what it was about to do. */
export function armCrash(run: CrashCluster, point: CrashPoint): { readonly fired: () => string | undefined } {
  let text: string | undefined;
  let callsSince = 0;
  let repeated = 0;
  const { machine } = point.step;
  const crash = (): void => run.crash(machine, survivalNamed(point.survival));
  watchSteps(run, (step, what) => {
    if (step.machine !== machine) return undefined;
    if (text !== undefined) {
      if (step.kind === 'event' || ++callsSince !== point.second || ++repeated > REPEATED) return undefined;
      callsSince = 0;
      crash();
      return undefined;
    }
    if (step.kind !== point.step.kind || step.number !== point.step.number) return undefined;
    text = what;
    return strike(point.when, crash);
  });
  return { fired: () => text };
}

/** Before: now. During: what the call does is done, and no more. After: all is done, and nobody will know. */
function strike(when: Moment, crash: () => void): FilesFault | undefined {
  if (when === 'before') {
    crash();
    return undefined;
  }
  if (when === 'during') return { kind: 'wait', until: Promise.resolve().then(crash) };
  // The disk answers nobody from then on; the rest of the machine follows before anything else happens.
  void afterTurns(8).then(crash);
  return { kind: 'crash', when: 'after' };
}

async function afterTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await undefined;
}
