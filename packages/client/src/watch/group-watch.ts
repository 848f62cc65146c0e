import type { FlotillaError } from '@flotilla/errors';
import type { KeyRange, WatchEvent, WatchMessage } from '@flotilla/kv/protocol';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { ClusterView } from '../cluster-view/cluster-view.js';
import { backoffMs, WATCH_BACKOFF } from '../connection/backoff.js';
import type { LinkWatch, NodeLink, WatchReply } from '../connection/node-link.js';
import type { Destination } from '../data/call.js';
import { failureKind } from '../request/retry-rules.js';

/** What a watch asks for, of every group. */
export interface WatchSpec {
  readonly keyspace: number;
  readonly range: KeyRange;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
}

/** Who is told what a group's watch receives. */
export interface GroupWatchOwner {
  /** The group has begun, for the first time. */
  began(watch: GroupWatch): void;
  /** Whole revisions, up to and including `through`. */
  events(watch: GroupWatch, through: number, events: readonly WatchEvent[]): void;
  /** Nothing happened up to and including `through`. */
  progress(watch: GroupWatch, through: number): void;
  /** The watch cannot go on. */
  failed(error: FlotillaError): void;
}

/** What a group's watch is made of. */
export interface GroupWatchOptions {
  readonly owner: GroupWatchOwner;
  readonly view: ClusterView;
  readonly runtime: Runtime;
  readonly spec: WatchSpec;
  readonly to: Destination;
  /** 0: from now on. */
  readonly startRevision: number;
}

/**
 * The watch of one group, over all connections that it takes. It goes on from the first revision that was not given whole, on
 * whichever replica can be reached, so that each event is given once.
 */
export class GroupWatch implements LinkWatch {
  /** The group; 0 until it is known. */
  group = 0;
  readonly #options: GroupWatchOptions;
  /** The first revision of which not all was given; 0: from now on, and it has not begun. */
  #nextRevision: number;
  /** Events of the revision `#nextRevision`, of which more are to come. */
  #held: WatchEvent[] = [];
  #link: NodeLink | undefined;
  #retryTimer: Timer | undefined;
  #failures = 0;
  #state: 'idle' | 'running' | 'paused' | 'ended' = 'idle';
  #begun = false;

  constructor(options: GroupWatchOptions) {
    this.#options = options;
    this.#nextRevision = options.startRevision;
    this.group = options.to.group;
  }

  /** The last revision that was given whole; 0: it has not begun. */
  get through(): number {
    return Math.max(0, this.#nextRevision - 1);
  }

  /** Begins, or goes on after a pause. */
  run(): void {
    if (this.#state === 'ended' || this.#state === 'running') return;
    this.#state = 'running';
    this.#open();
  }

  /** Receives nothing more until `run`. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#leave();
    this.#state = 'paused';
  }

  /** Ends for good. */
  end(): void {
    this.#leave();
    this.#state = 'ended';
  }

  /** Asks the group how far it is. */
  requestProgress(): void {
    this.#link?.requestProgress(this);
  }

  #leave(): void {
    this.#retryTimer?.cancel();
    this.#retryTimer = undefined;
    this.#held = [];
    const link = this.#link;
    this.#link = undefined;
    link?.unwatch(this);
  }

  #open(): void {
    const { view, to } = this.#options;
    this.#retryTimer = undefined;
    const group = to.group === 0 ? view.groupOf(to.vshard) : to.group;
    if (group === undefined) return this.#retryLater();
    this.group = group;
    const link = view.leaderLink(group) ?? view.replicaLink(group, true);
    if (link === undefined) return this.#retryLater();
    this.#link = link;
    link.watch(this);
  }

  #retryLater(): void {
    const { view, runtime } = this.#options;
    view.refresh();
    this.#failures++;
    this.#retryTimer = runtime.setTimer(backoffMs(runtime, WATCH_BACKOFF, this.#failures), () => this.#open());
  }

  begin(id: number): WatchMessage {
    const { spec } = this.#options;
    return { kind: 'watch', id, group: this.group, ...spec, startRevision: this.#nextRevision, progress: true };
  }

  received(message: WatchReply): void {
    switch (message.kind) {
      case 'watchStarted':
        return this.#started(message.nextRevision);
      case 'watchEvents':
        return this.#events(message.through, message.partial, message.events);
      case 'watchProgress':
        return this.#progress(message.through);
      case 'watchEnded':
        return this.#ended(message.error);
    }
  }

  #started(nextRevision: number): void {
    this.#failures = 0;
    if (this.#nextRevision === 0) this.#nextRevision = nextRevision;
    if (this.#begun) return;
    this.#begun = true;
    this.#options.owner.began(this);
  }

  #events(through: number, partial: boolean, events: readonly WatchEvent[]): void {
    const expected = this.#nextRevision;
    for (const event of events) if (event.kv.modRevision >= expected) this.#held.push(event);
    if (through < expected) return;
    const whole = partial ? this.#held.filter(({ kv }) => kv.modRevision <= through) : this.#held;
    this.#held = partial ? this.#held.filter(({ kv }) => kv.modRevision > through) : [];
    this.#nextRevision = through + 1;
    if (whole.length > 0) this.#options.owner.events(this, through, whole);
  }

  #progress(through: number): void {
    if (through >= this.#nextRevision) this.#nextRevision = through + 1;
    this.#options.owner.progress(this, this.through);
  }

  #ended(error: FlotillaError): void {
    this.#link = undefined;
    this.#held = [];
    const { view, owner } = this.#options;
    // Another group counts other revisions: what was watched so far cannot be gone on with there.
    const moved = error.code === 'WrongOwner' && this.#nextRevision > 0;
    if (moved || failureKind(error) === 'refused') return owner.failed(error);
    if (error.code === 'NotLeader') {
      const hint = view.leaderOf(this.group);
      if (hint !== undefined) view.forgetLeader(this.group, hint.node);
    }
    this.#retryLater();
  }

  lost(_error: FlotillaError): void {
    this.#link = undefined;
    this.#held = [];
    this.#retryLater();
  }
}
