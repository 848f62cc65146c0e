import { Role, TraceKind } from '@flotilla/raft-core';
import type { Observation, ReplicaId } from '../observation/observation.js';
import type { Observer } from '../observation/observer.js';
import type { Story } from './story.js';

const ROLES: ReadonlyMap<number, string> = new Map(Object.entries(Role).map(([name, role]) => [role, name]));

/** Puts into a story what a reader needs of what was observed: lives, roles, configurations, snapshots, stopped groups. */
export class ToldObservations implements Observer {
  readonly #story: Story;
  /** Roles by machine and group, and configurations by group: each change is told once. */
  readonly #roles = new Map<string, Role>();
  readonly #configurations = new Map<number, number>();

  constructor(story: Story) {
    this.#story = story;
  }

  observe(observation: Observation): void {
    const story = this.#story;
    switch (observation.kind) {
      case 'node-started':
        return story.note(`life ${observation.life} begins`, observation);
      case 'node-ended':
        return story.note(`life ${observation.life} ends: ${observation.how}`, observation);
      case 'trace':
        return this.#trace(observation);
      case 'conf-change':
        return this.#configuration(observation);
      case 'group-opened':
        return story.note('replica opened', observation.replica);
      case 'group-dropped':
        return story.note('replica dropped', observation.replica);
      case 'group-stopped':
        return story.note(`replica stopped: ${observation.error.message}`, observation.replica);
      case 'restored':
        return story.note('state restored from a snapshot', observation.replica);
      case 'cluster-event':
        return this.#event(observation);
      default:
        return undefined;
    }
  }

  #trace({ replica, event }: Extract<Observation, { kind: 'trace' }>): void {
    switch (event.kind) {
      case TraceKind.RoleChanged:
        return this.#role(replica, event.role, event.term);
      case TraceKind.TransferStarted:
        return this.#story.note('transfer of leadership begins', replica);
      case TraceKind.QuorumLost:
        return this.#story.note('leader steps down: no quorum', replica);
      default:
        return undefined;
    }
  }

  #configuration({ replica, change }: Extract<Observation, { kind: 'conf-change' }>): void {
    if (change.index <= (this.#configurations.get(replica.group) ?? 0)) return;
    this.#configurations.set(replica.group, change.index);
    const { voters, votersOutgoing, learners } = change.after;
    const outgoing = votersOutgoing.length === 0 ? '' : ` out of ${votersOutgoing.join(' ')}`;
    const learning = learners.length === 0 ? '' : `, learners ${learners.join(' ')}`;
    this.#story.note(`voters ${voters.join(' ')}${outgoing}${learning} at ${change.index}`, replica);
  }

  /** A follower that stays one in a new term says nothing; pre-candidates come and go. */
  #role(replica: ReplicaId, role: Role, term: number): void {
    if (role === Role.PreCandidate) return;
    const key = `${replica.node}/${replica.group}`;
    const before = this.#roles.get(key) ?? Role.Follower;
    this.#roles.set(key, role);
    if (role === before && role === Role.Follower) return;
    this.#story.note(`${ROLES.get(role) ?? role} in term ${term}`, replica);
  }

  #event({ node, event }: Extract<Observation, { kind: 'cluster-event' }>): void {
    if (event.name === 'lifecycle.changed') this.#story.note(`${event.phase} ${event.detail}`.trimEnd(), { node });
  }
}
