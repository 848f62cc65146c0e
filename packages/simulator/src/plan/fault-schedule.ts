import type { Timer } from '@flotilla/runtime';
import type { Fault } from '../faults/fault.js';
import type { FaultAction, FaultTarget } from '../faults/fault-action.js';
import type { SimulatedCluster } from '../world/simulated-cluster.js';

/** Does the actions of a plan to a cluster, each at its time, and undoes them. */
export class FaultSchedule {
  readonly #cluster: SimulatedCluster;
  readonly #faults: ReadonlyMap<string, Fault>;
  readonly #actions: readonly FaultAction[];
  readonly #timers = new Set<Timer>();
  readonly #active = new Set<FaultAction>();

  /** @throws {RangeError} for an action of a kind that is not among `faults` */
  constructor(cluster: SimulatedCluster, faults: readonly Fault[], actions: readonly FaultAction[]) {
    this.#cluster = cluster;
    this.#faults = new Map(faults.map((fault) => [fault.kind, fault]));
    this.#actions = actions;
    for (const { kind } of actions) if (!this.#faults.has(kind)) throw new RangeError(`there is no fault ${kind}`);
  }

  /** The faults begin now. */
  begin(): void {
    for (const action of this.#actions) this.#at(action.atMs, () => this.#inject(action));
  }

  /** No more faults, and those that last are undone; resolves once they are. */
  async end(): Promise<void> {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    await Promise.all([...this.#active].map((action) => this.#heal(action)));
  }

  #inject(action: FaultAction): void {
    const { story } = this.#cluster;
    if (story.isKept)
      story.note(`fault ${action.number}: ${action.kind} ${describe(action)}`, {
        ...placeOf(action.target),
        isFault: true,
      });
    this.#active.add(action);
    void this.#do(action, 'inject');
    if (action.durationMs > 0) this.#at(action.durationMs, () => void this.#heal(action));
  }

  #heal(action: FaultAction): Promise<void> {
    if (!this.#active.delete(action)) return Promise.resolve();
    const { story } = this.#cluster;
    if (story.isKept && this.#faults.get(action.kind)?.heal !== undefined) {
      story.note(`fault ${action.number}: ${action.kind} ends`, { ...placeOf(action.target), isFault: true });
    }
    return this.#do(action, 'heal');
  }

  #do(action: FaultAction, what: 'inject' | 'heal'): Promise<void> {
    const work = (async () => this.#faults.get(action.kind)?.[what]?.(this.#cluster, action))();
    this.#cluster.background(`${action.kind} (${what})`, work);
    return work.then(
      () => undefined,
      () => undefined,
    );
  }

  #at(ms: number, then: () => void): void {
    const timer = this.#cluster.director.setTimer(ms, () => {
      this.#timers.delete(timer);
      then();
    });
    this.#timers.add(timer);
  }
}

function placeOf(target: FaultTarget): { readonly node?: string; readonly group?: number } {
  switch (target.kind) {
    case 'node':
      return { node: target.node };
    case 'leader':
      return { group: target.group };
    default:
      return {};
  }
}

/** What an action does, in words. */
export function describe({ target, durationMs, amount }: FaultAction): string {
  const parts: string[] = [];
  if (target.kind === 'link') parts.push(`${target.from} > ${target.to}`);
  if (target.kind === 'split') parts.push(target.sides.map((side) => side.join('+')).join(' | '));
  if (target.kind === 'leader') parts.push(`leader of ${target.group}`);
  if (amount !== 0) parts.push(`amount ${amount}`);
  if (durationMs !== 0) parts.push(`for ${durationMs} ms`);
  return parts.join(', ');
}
