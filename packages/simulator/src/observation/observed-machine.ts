import type { LogBatch } from '@flotilla/storage';
import type { DiskImage } from './disk-image.js';
import type { NodeFigures } from './node-figures.js';
import type { NodeEnd } from './observation.js';
import type { ObservedReplica } from './observed-replica.js';

/** What was seen of one machine, its disk, and the processes on it. */
export class ObservedMachine {
  readonly name: string;
  /** Number of the life that runs, or ran last; 0: none yet. */
  life = 0;
  isUp = false;
  /** How the last life ended; undefined while none has. */
  ended: NodeEnd | undefined = undefined;
  /** Id of the node in its cluster; 0: it has none, or none that was seen. */
  nodeId = 0;
  /** Replicas that are open in this life, by group. */
  readonly replicas: Map<number, ObservedReplica> = new Map();
  /** What its disk durably holds, by group. */
  readonly disk: Map<number, DiskImage> = new Map();
  /** Batches handed to the log in this life that are not known to be durable, in order. */
  inFlight: LogBatch[] = [];
  /** What its disk durably held, and what was on its way there, when this life's log was recovered. */
  diskBefore: ReadonlyMap<number, DiskImage> = new Map();
  inFlightBefore: readonly LogBatch[] = [];
  /** What its node said of itself when it was last asked in this life. */
  figures: NodeFigures | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }
}
