import type { LeaderChange, ReadSink } from '@flotilla/cluster';
import type { FlotillaError } from '@flotilla/errors';
import type { Runtime, Timer } from '@flotilla/runtime';
import { checkRange } from '../protocol/command-check.js';
import type { WatchMessage } from '../protocol/client-frame.js';
import { checkKeyspace, SHARDED_KEYSPACE } from '../protocol/keyspace.js';
import { vshardOfRange } from '../protocol/vshard-of-command.js';
import type { KvGroups } from '../state-machine/kv-groups.js';
import type { Watcher } from '../watch/watch-hub.js';
import type { EndpointLimits } from './endpoint-limits.js';
import type { EndpointNode } from './endpoint-node.js';
import { GroupWatches, type GroupWatchSink } from './group-watches.js';
import { checkOwner, groupNotFound, notLeader } from './refusals.js';
import { SlotTable } from './slot-table.js';

/** Where the events of one watch go. */
export interface WatchRequester extends GroupWatchSink {
  /** The watch was given up before it began. */
  readonly given: boolean;
  /** The watch began: its first event has at least this revision. */
  started(watcher: Watcher, nextRevision: number): void;
}

interface Beginning {
  readonly message: WatchMessage;
  readonly requester: WatchRequester;
}

/** What watches are made of. */
export interface WatchesOptions {
  readonly node: EndpointNode;
  readonly groups: KvGroups;
  readonly runtime: Runtime;
  readonly limits: EndpointLimits;
}

/**
 * Begins and ends watches. A watch begins behind a read index, on whichever replica is asked: `from now` then means after
 * all that was acknowledged before. It ends when the group leaves this node or stays without a leader, so that its client
 * goes on elsewhere from the last revision it has.
 */
export class Watches implements ReadSink {
  readonly #options: WatchesOptions;
  readonly #groups = new Map<number, GroupWatches>();
  readonly #beginning = new SlotTable<Beginning>();
  /** Groups with watches and without a leader. */
  readonly #leaderless = new Map<number, Timer>();

  constructor(options: WatchesOptions) {
    this.#options = options;
  }

  /** Watches of a group. */
  count(group: number): number {
    return this.#groups.get(group)?.size ?? 0;
  }

  /** Begins a watch; all that comes of it goes to the requester. */
  begin(message: WatchMessage, requester: WatchRequester): void {
    const { node } = this.#options;
    const { group, keyspace, range } = message;
    try {
      checkKeyspace(keyspace);
      checkRange(range);
      checkOwner(node.routing(), group, keyspace, keyspace === SHARDED_KEYSPACE ? vshardOfRange(range) : undefined);
    } catch (error) {
      requester.ended(error as FlotillaError);
      return;
    }
    node.submitRead(group, this, this.#beginning.put({ message, requester }));
  }

  ready(slot: number): void {
    const beginning = this.#beginning.take(slot);
    if (beginning === undefined || beginning.requester.given) return;
    const { message, requester } = beginning;
    try {
      const machine = this.#options.groups.machine(message.group);
      if (machine === undefined) throw groupNotFound(message.group);
      const watches = this.#ofGroup(message.group);
      const watcher = watches.add(message, requester);
      requester.started(watcher, watcher.minRevision);
    } catch (error) {
      requester.ended(error as FlotillaError);
    }
  }

  failed(slot: number, error: FlotillaError): void {
    const beginning = this.#beginning.take(slot);
    if (beginning !== undefined && !beginning.requester.given) beginning.requester.ended(error);
  }

  #ofGroup(group: number): GroupWatches {
    const { groups, runtime, limits } = this.#options;
    const present = this.#groups.get(group);
    if (present !== undefined) return present;
    const machine = groups.machine(group);
    if (machine === undefined) throw groupNotFound(group);
    const watches = new GroupWatches(machine, runtime, limits.watchStepEvents);
    this.#groups.set(group, watches);
    return watches;
  }

  /** Ends a watch at its owner's wish. */
  end(group: number, watcher: Watcher): void {
    const watches = this.#groups.get(group);
    if (watches === undefined) return;
    watches.remove(watcher);
    if (watches.size > 0) return;
    watches.end(groupNotFound(group));
    this.#groups.delete(group);
  }

  /** The owner of a watch that refused events has room again. */
  resume(group: number, watcher: Watcher, requester: WatchRequester): void {
    this.#groups.get(group)?.resume(watcher, requester);
  }

  /** The revision up to which a watch has all events, where it does not lag. */
  progress(group: number, watcher: Watcher): number | undefined {
    return this.#groups.get(group)?.progress(watcher);
  }

  /** A group that stays without a leader can tell nothing new: after a while its watches end. */
  leaderChanged(change: LeaderChange): void {
    const { runtime, limits, node } = this.#options;
    const { group, leader } = change;
    if (leader !== 0) {
      this.#leaderless.get(group)?.cancel();
      this.#leaderless.delete(group);
    } else if (this.#groups.has(group) && !this.#leaderless.has(group)) {
      const timer = runtime.setTimer(limits.leaderlessMs, () => {
        this.#leaderless.delete(group);
        this.endGroup(group, notLeader(group, node.leaderHint(group)));
      });
      this.#leaderless.set(group, timer);
    }
  }

  /** Ends all watches of a group. */
  endGroup(group: number, error: FlotillaError): void {
    this.#leaderless.get(group)?.cancel();
    this.#leaderless.delete(group);
    const watches = this.#groups.get(group);
    this.#groups.delete(group);
    watches?.end(error);
  }

  /** Ends all watches. */
  endAll(error: FlotillaError): void {
    for (const group of this.#groups.keys()) this.endGroup(group, error);
  }
}
