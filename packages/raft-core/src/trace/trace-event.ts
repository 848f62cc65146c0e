import type { ElectionEvent } from './election-events.js';
import type { LogEvent } from './log-events.js';
import type { MembershipEvent } from './membership-events.js';
import type { NodeEvent } from './node-events.js';
import type { ReadEvent } from './read-events.js';
import type { ReplicationEvent } from './replication-events.js';
import type { SnapshotEvent } from './snapshot-events.js';
import type { TransferEvent } from './transfer-events.js';

/** Everything that happens in the core, told as it happens. Numbers and plain objects; printing belongs to others. */
export type TraceEvent =
  | NodeEvent
  | ElectionEvent
  | MembershipEvent
  | ReplicationEvent
  | LogEvent
  | SnapshotEvent
  | TransferEvent
  | ReadEvent;

/** Where events go. Called synchronously, in the middle of a step: it must not call the node back, nor throw. */
export type TraceSink = (event: TraceEvent) => void;
