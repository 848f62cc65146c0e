import type { Runtime, Timer } from '@flotilla/runtime';
import { encodeSessionEnvelope, type ExpiredSession } from '@flotilla/wire';
import type { ProposalSink } from '../group/completion-sink.js';
import type { MultiRaft } from '../multi-raft/multi-raft.js';
import { SessionStateMachine } from './session-state-machine.js';

/** Sessions that one proposal ends at most. */
const EXPIRED_AT_ONCE_MAX = 1_000;
/** Times at which a group's count of changes is remembered. */
const CHECKPOINTS_MAX = 1_000;

/** What a SessionExpiry works with. */
export interface SessionExpiryOptions {
  readonly groups: MultiRaft;
  readonly runtime: Runtime;
  /** How often led groups are looked at, ms (default 1,000). */
  readonly scanMs?: number;
}

/** How far a group's count of changes had come at a time. */
interface Checkpoint {
  readonly changes: number;
  readonly atMs: number;
}

/**
 * Ends idle sessions of the groups that this node leads: it measures time, and proposes the end; the log decides. A session that
 * was used meanwhile is kept, for the proposal names the last sequence that was seen.
 *
 * A new leader begins to measure when it is elected, so a session lives at least its own time after a change of leader.
 */
export class SessionExpiry implements Disposable {
  readonly #groups: MultiRaft;
  readonly #runtime: Runtime;
  readonly #scanMs: number;
  readonly #checkpoints = new Map<number, Checkpoint[]>();
  readonly #sink: ProposalSink = { applied: () => undefined, failed: () => undefined };
  readonly #unobserve: () => void;
  #timer: Timer | undefined;

  constructor(options: SessionExpiryOptions) {
    this.#groups = options.groups;
    this.#runtime = options.runtime;
    this.#scanMs = options.scanMs ?? 1_000;
    this.#unobserve = this.#groups.observe({
      leaderChanged: ({ group }) => {
        this.#checkpoints.delete(group);
      },
      groupRemoved: (group) => {
        this.#checkpoints.delete(group);
      },
    });
    this.#scanLater();
  }

  #scanLater(): void {
    this.#timer = this.#runtime.setTimer(this.#scanMs, () => {
      this.#scan();
      this.#scanLater();
    });
  }

  #scan(): void {
    for (const group of this.#groups.set.all()) {
      if (group.isLeader && group.machine instanceof SessionStateMachine) this.#look(group.id, group.machine);
    }
  }

  #look(group: number, machine: SessionStateMachine): void {
    const now = this.#runtime.now();
    const { sessions } = machine;
    const checkpoints = this.#checkpoints.get(group) ?? [];
    this.#checkpoints.set(group, checkpoints);
    if (sessions.size === 0) {
      checkpoints.length = 0;
      return;
    }
    if (checkpoints[checkpoints.length - 1]?.changes !== sessions.changes) {
      checkpoints.push({ changes: sessions.changes, atMs: now });
    }
    const expired: ExpiredSession[] = [];
    let longestMs = 0;
    let at = 0;
    for (const session of sessions.all()) {
      while (at < checkpoints.length && (checkpoints[at] as Checkpoint).changes < session.touched) at++;
      const idleMs = now - (checkpoints[at]?.atMs ?? now);
      // Sessions come in the order of their last use: all that follow are as fresh.
      if (idleMs === 0) break;
      longestMs = Math.max(longestMs, session.ttlMs);
      if (idleMs < session.ttlMs) continue;
      expired.push({ clientId: session.clientId, vshard: session.vshard, sequence: session.highest });
      if (expired.length === EXPIRED_AT_ONCE_MAX) break;
    }
    this.#checkpoints.set(group, thinned(checkpoints, now - longestMs));
    if (expired.length === 0) return;
    this.#groups.submit(group, encodeSessionEnvelope({ kind: 'expire', sessions: expired }), this.#sink, 0);
  }

  /** Measures no more. */
  [Symbol.dispose](): void {
    this.#timer?.cancel();
    this.#unobserve();
  }
}

/** Drops checkpoints that decide nothing any more, and every second one of too many: sessions then live a little longer. */
function thinned(checkpoints: Checkpoint[], decidedMs: number): Checkpoint[] {
  const needed = checkpoints.findIndex(({ atMs }) => atMs > decidedMs);
  const kept = needed > 1 ? checkpoints.slice(needed - 1) : checkpoints;
  return kept.length > CHECKPOINTS_MAX ? kept.filter((_, at) => at % 2 === 1 || at === 0) : kept;
}
