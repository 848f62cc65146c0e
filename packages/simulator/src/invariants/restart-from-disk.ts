import { type HardState, TraceKind } from '@flotilla/raft-core';
import type { LogBatch, RecoveredGroup } from '@flotilla/storage';
import { DiskImage } from '../observation/disk-image.js';
import type { Observation, ObservationKind } from '../observation/observation.js';
import type { ObservedCluster } from '../observation/observed-cluster.js';
import type { ObservedMachine } from '../observation/observed-machine.js';
import type { ObservedReplica } from '../observation/observed-replica.js';
import { type Invariant, violated } from './invariant.js';
import { text } from './monotonic-term-and-vote.js';

/**
 * A restart finds what was made durable, and of what was on its way to the disk a prefix of whole batches: nothing less, nothing else. And
 * what it finds is what its replicas go on with: a replica takes part with the term, the vote and the log that its disk holds. A disk that was
 * wiped holds nothing; one that was damaged is refused, or mended, before that.
 */
export class RestartFromDisk implements Invariant {
  readonly name = 'restart-from-disk';
  readonly hears: readonly (TraceKind | ObservationKind)[] = ['recovered', 'message-leaves', TraceKind.NodeStarted];
  /** Replicas that began with something else than their disk holds; one that is refused begins so too, but takes no part. */
  readonly #astray = new WeakMap<ObservedReplica, string>();

  observe(observation: Observation, { subject, machine }: ObservedCluster): void {
    switch (observation.kind) {
      case 'recovered':
        if (machine !== undefined) this.#checkRecovered(machine, observation.groups);
        return;
      case 'trace':
        if (subject !== undefined) this.#begins(subject, observation);
        return;
      case 'message-leaves': {
        const why = subject === undefined ? undefined : this.#astray.get(subject);
        if (why !== undefined) violated(this.name, why);
        return;
      }
      default:
    }
  }

  #checkRecovered(machine: ObservedMachine, found: readonly RecoveredGroup[]): void {
    const { diskBefore, inFlightBefore } = machine;
    const durable = firstDifference(diskBefore, found);
    if (durable === undefined) return;
    const images = new Map([...diskBefore].map(([group, image]) => [group, image.copy()]));
    for (const batch of inFlightBefore) {
      write(images, batch);
      if (firstDifference(images, found) === undefined) return;
    }
    const more =
      inFlightBefore.length === 0
        ? ''
        : `, and no prefix of the ${inFlightBefore.length} batches after that explains it`;
    violated(
      this.name,
      `life ${machine.life} of ${machine.name} finds another disk than was durable: ${durable}${more}`,
    );
  }

  #begins(replica: ObservedReplica, observation: Extract<Observation, { kind: 'trace' }>): void {
    const { event } = observation;
    if (event.kind !== TraceKind.NodeStarted) return;
    const image = replica.machine.disk.get(replica.group.id) ?? new DiskImage(replica.group.id);
    const { hardState, log } = image;
    if (event.term === hardState.term && event.vote === hardState.vote && event.lastIndex === log.lastIndex) return;
    const own = `term ${event.term}, vote ${event.vote} and a log that ends at ${event.lastIndex}`;
    const disk = `${text(hardState)}, and a log that ends at ${log.lastIndex}`;
    this.#astray.set(replica, `${replica.toString()} began with ${own}; its disk holds ${disk}`);
  }
}

function write(images: Map<number, DiskImage>, batch: LogBatch): void {
  for (const each of batch) {
    if (each.removed === true) images.delete(each.group);
    const { removed: _removed, group, ...rest } = each;
    if (Object.keys(rest).length === 0) continue;
    let image = images.get(group);
    if (image === undefined) images.set(group, (image = new DiskImage(group)));
    image.apply(each);
  }
}

/** Where what was found differs from the images; undefined: nowhere. */
function firstDifference(images: ReadonlyMap<number, DiskImage>, found: readonly RecoveredGroup[]): string | undefined {
  const missing = new Set<number>();
  for (const { group, isWritten } of images.values()) if (isWritten) missing.add(group);
  for (const each of found) {
    missing.delete(each.group);
    const image = images.get(each.group);
    const difference = image === undefined ? 'nothing was durable' : differenceOf(image, each);
    if (difference !== undefined) return `group ${each.group}: ${difference}`;
  }
  const [first] = missing;
  return first === undefined ? undefined : `group ${first} is not there`;
}

function differenceOf(image: DiskImage, { hardState, snapshotMark, entries }: RecoveredGroup): string | undefined {
  if (!sameHardState(image.hardState, hardState)) {
    return `${text(image.hardState)} was durable, ${text(hardState)} is there`;
  }
  const mark = image.snapshotMark?.index ?? 0;
  if (mark !== (snapshotMark?.index ?? 0)) {
    return `the mark of a snapshot at ${mark} was durable, one at ${snapshotMark?.index ?? 0} is there`;
  }
  const last = entries[entries.length - 1]?.index ?? mark;
  const lastBefore = Math.max(image.log.lastIndex, mark);
  if (last !== lastBefore) return `a log up to ${lastBefore} was durable, one up to ${last} is there`;
  const other = entries.find(({ index, term }) => {
    const known = image.log.termAt(index);
    return known >= 0 && known !== term;
  });
  if (other === undefined) return undefined;
  return `entry ${other.index} of term ${image.log.termAt(other.index)} was durable, one of term ${other.term} is there`;
}

function sameHardState(a: HardState, b: HardState): boolean {
  return a.term === b.term && a.vote === b.vote && a.commit === b.commit;
}
