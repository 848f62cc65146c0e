import type { Message, StepResult } from '@flotilla/raft-core';
import type { SnapshotMark, StoredSnapshot } from '@flotilla/storage';
import type { IncomingStream } from '@flotilla/transport';
import type { Group } from '../group/group.js';
import type { StateMachine } from '../state-machine.js';

/** What the loop needs of snapshots: when to take them, how to send and receive them, what is stored. */
export interface SnapshotKeeper {
  /** Called once, before anything else. */
  attach(host: SnapshotHost): void;
  /** The newest complete snapshot of every group on this node; sweeps what was left unfinished. */
  load(): Promise<ReadonlyMap<number, StoredSnapshot>>;
  /** Restores a state machine; rejects, and leaves it as it was, when the content is damaged. Nothing is awaited after the new state was swapped in. */
  restore(snapshot: StoredSnapshot, machine: StateMachine): Promise<void>;
  /** The snapshot is in use: drops what is stored of older ones. */
  restored(snapshot: StoredSnapshot): void;
  /** The group applied entries: takes a snapshot where the policy says that it is time. */
  consider(group: Group): void;
  /** A peer needs a snapshot that there is not: takes one. */
  wanted(group: Group): void;
  /** Takes a snapshot now; resolves when it and its mark are durable. */
  take(group: Group): Promise<SnapshotMark>;
  /** A leader's MsgSnap: streams the snapshot it names; the outcome goes to `SnapshotHost.sent`. */
  send(group: Group, message: Message): void;
  /** A stream that a peer opened. */
  receive(node: number, stream: IncomingStream): void;
  /** Drops all that is stored of a group, and gives up what is under way for it. */
  drop(group: number): Promise<void>;
  /** Gives up what is under way; resolves when the store is left alone. */
  stop(): Promise<void>;
}

/** What snapshots need of the loop. */
export interface SnapshotHost {
  group(id: number): Group | undefined;
  /** Groups held. */
  groupCount(): number;
  epoch(): number;
  /** An epoch that arrived with a stream. */
  observeEpoch(epoch: number): void;
  /** A snapshot of this node's own state is durable: resolves when its mark is, and the log is compacted up to `compactTo`. */
  taken(group: Group, mark: SnapshotMark, compactTo: number): Promise<void>;
  /** A received snapshot is verified and durable: steps the MsgSnap. */
  received(group: Group, message: Message, stored: StoredSnapshot | undefined): StepResult;
  /** A stream to a peer ended, well where `error` is undefined; the peer's term, where it answered, is stepped into the group when it is higher. */
  sent(group: Group, peer: number, error: Error | undefined, peerTerm: number): void;
  /** Something went wrong that concerns nobody else. */
  failed(group: number, error: unknown): void;
}
