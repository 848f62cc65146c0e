import { createMessage, type Message, MessageType, type RawNode, Role } from '@flotilla/raft-core';
import type { GroupRequests } from './group-requests.js';

/** Whether another node's process is known to run, by what both say to each other for all groups at once. */
export interface HostAliveness {
  isAlive(node: number): boolean;
}

/** What a clock needs of its group. */
export interface ClockHost {
  readonly raw: RawNode;
  readonly requests: GroupRequests;
  /** Whether nobody deposes a leader that is heard by others: pre-vote and check-quorum, without lease reads. */
  readonly isStable: boolean;
  /** Undefined: nobody watches hosts, so that a group's own heartbeats must, and clocks never stop. */
  readonly hosts: HostAliveness | undefined;
  /** Highest index whose effects are visible here. */
  appliedIndex(): number;
}

/** A leader's question to its followers, and who has yet to answer. */
interface Question {
  readonly term: number;
  readonly commit: number;
  readonly asked: ReadonlySet<number>;
  readonly unanswered: Set<number>;
  ticksLeft: number;
}

/** Ticks that a leader waits for all answers before it beats again, far below any election timeout. */
const QUESTION_TICKS = 2;

/**
 * Stops the clock of an idle group: no ticks, no heartbeats, no cost, however many groups there are.
 *
 * A leader whose members hold everything, with nothing asked of it for a while and all their hosts alive, asks its followers to
 * stop (learners whose hosts are away are left out), by a heartbeat that is marked (`reject`). A follower that knows the same term, leader and commit index, and has nothing to
 * wait for, stops its clock and confirms, by a response marked alike. Once all have confirmed the leader stops too; if one does not, it
 * beats on, and its heartbeats start the others' clocks.
 *
 * Any message, proposal or read starts a clock. Where it was not the leader's message, the leader is told, so that it beats before its
 * follower would campaign. While clocks stand, liveness of hosts takes the place of heartbeats: see `hostSuspected` and `hostDead`.
 */
export class GroupClock {
  readonly #host: ClockHost;
  readonly #idleTicksMin: number;
  #idleTicks = 0;
  #question: Question | undefined;
  #outgoing: Message[] = [];

  /** @param idleTicksMin Ticks without anything to do until a leader asks. */
  constructor(host: ClockHost, idleTicksMin: number) {
    this.#host = host;
    this.#idleTicksMin = idleTicksMin;
  }

  /** Whether there is anything to send. */
  get hasOutgoing(): boolean {
    return this.#outgoing.length > 0;
  }

  /** Questions and confirmations to be sent. */
  takeOutgoing(): readonly Message[] {
    if (this.#outgoing.length === 0) return NOTHING;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    return outgoing;
  }

  /** One tick has passed: gives it to the core, unless the group is about to stop. */
  tick(): void {
    const { raw } = this.#host;
    if (this.#question === undefined) {
      raw.tick();
      if (raw.role === Role.Leader && this.#host.hosts !== undefined) this.#countIdle();
      return;
    }
    this.#question.ticksLeft--;
    if (this.#question.ticksLeft > 0 && this.#stillIdle(this.#question)) return;
    this.#question = undefined;
    this.#idleTicks = 0;
    raw.tick();
  }

  #countIdle(): void {
    if (!this.#isIdle()) {
      this.#idleTicks = 0;
      return;
    }
    this.#idleTicks++;
    if (this.#idleTicks >= this.#idleTicksMin) this.#ask();
  }

  #isIdle(): boolean {
    const { raw, requests } = this.#host;
    return (
      requests.isIdle &&
      raw.commit === raw.lastIndex &&
      this.#host.appliedIndex() === raw.commit &&
      raw.transferee === 0 &&
      raw.configuration.votersOutgoing.length === 0
    );
  }

  #stillIdle(question: Question): boolean {
    const { raw } = this.#host;
    if (raw.role !== Role.Leader || raw.term !== question.term || raw.commit !== question.commit) return false;
    return this.#isIdle() && this.#covers(question);
  }

  /** Whether all who must agree were asked: a learner that came back meanwhile was not, and would sleep without what it lacks. */
  #covers({ asked }: Question): boolean {
    const wanted = this.#wanted();
    return wanted !== undefined && [...wanted].every((node) => asked.has(node));
  }

  #ask(): void {
    const asked = this.#wanted();
    if (asked === undefined) {
      this.#idleTicks = 0;
      return;
    }
    const { term, commit } = this.#host.raw;
    this.#question = { term, commit, asked, unanswered: new Set(asked), ticksLeft: QUESTION_TICKS };
    for (const to of asked) this.#send(MessageType.Heartbeat, to);
    this.#stopWhenAnswered();
  }

  /** Who must agree: all other members, but no learner that is away; `hostAlive` tells of its return. Undefined: not everybody else is there and has everything. */
  #wanted(): ReadonlySet<number> | undefined {
    const { raw, hosts } = this.#host;
    const { voters, learners } = raw.configuration;
    const wanted = new Set<number>();
    for (const node of [...voters, ...learners]) {
      if (node === raw.id) continue;
      const isAlive = hosts?.isAlive(node) === true;
      if (!isAlive && learners.includes(node)) continue;
      if (raw.match(node) !== raw.lastIndex || !isAlive) return undefined;
      wanted.add(node);
    }
    return wanted;
  }

  #send(type: MessageType, to: number): void {
    const { id, term, commit } = this.#host.raw;
    this.#outgoing.push(createMessage({ type, to, from: id, term, commit, reject: true }));
  }

  /** Whether a message is a question or a confirmation of this protocol, and none of the core's. */
  static concerns(message: Message): boolean {
    return message.reject && (message.type === MessageType.Heartbeat || message.type === MessageType.HeartbeatResp);
  }

  /** Takes such a message. What the core is to be given instead, if anything: a question that is answered with no is a plain heartbeat. */
  take(message: Message): Message | undefined {
    if (message.type === MessageType.HeartbeatResp) {
      this.#confirmed(message);
      return undefined;
    }
    if (!this.#agrees(message)) return { ...message, reject: false };
    this.#send(MessageType.HeartbeatResp, message.from);
    return undefined;
  }

  #agrees(question: Message): boolean {
    const { raw, hosts } = this.#host;
    return (
      hosts?.isAlive(question.from) === true &&
      raw.role === Role.Follower &&
      raw.leader === question.from &&
      raw.term === question.term &&
      raw.commit === question.commit &&
      this.#isIdle() &&
      raw.quiesce()
    );
  }

  #confirmed(answer: Message): void {
    const question = this.#question;
    if (question === undefined || answer.term !== question.term || answer.commit !== question.commit) return;
    question.unanswered.delete(answer.from);
    this.#stopWhenAnswered();
  }

  #stopWhenAnswered(): void {
    const question = this.#question;
    if (question === undefined || question.unanswered.size > 0 || !this.#stillIdle(question)) return;
    if (!this.#host.raw.quiesce()) return;
    this.#question = undefined;
    this.#idleTicks = 0;
  }

  /**
   * A clock that stood runs again, for `from` sent something, or a request of this node's own came. A leader beats by itself; a follower
   * whom not its leader has woken tells the leader: it may have no clock running, and would be deposed.
   */
  woken(from: number): void {
    const { raw } = this.#host;
    this.#idleTicks = 0;
    if (raw.quiesced || raw.role !== Role.Follower || raw.leader === 0 || raw.leader === from) return;
    const { id, term, leader } = raw;
    this.#outgoing.push(createMessage({ type: MessageType.HeartbeatResp, to: leader, from: id, term }));
  }

  /** Whether this replica counts on the host of `node`: as its leader, or as a member where it leads. */
  #concerns(node: number): boolean {
    const { raw } = this.#host;
    if (raw.role !== Role.Leader) return raw.leader === node;
    const { voters, learners } = raw.configuration;
    return voters.includes(node) || learners.includes(node);
  }

  /** The host of `node` is there again: a member that was away may lack what was written meanwhile. Whether a clock was started. */
  hostAlive(node: number): boolean {
    const { raw } = this.#host;
    return raw.role === Role.Leader && this.hostSuspected(node);
  }

  /** The connection to the host of `node` broke: nobody would notice if its clock stopped for good. Whether a clock was started. */
  hostSuspected(node: number): boolean {
    const { raw } = this.#host;
    if (!raw.quiesced || !this.#concerns(node)) return false;
    raw.wake();
    return true;
  }

  /**
   * The host of `node` died. What it led elects another leader: of a follower's election timeout only the random part is still waited for,
   * since the other part asks what has been answered. Where a leader that lives would be deposed by that, the whole is waited for.
   * Returns whether anything changed.
   */
  hostDead(node: number): boolean {
    const { raw, hosts, isStable } = this.#host;
    if (hosts === undefined || !this.#concerns(node)) return false;
    if (raw.role === Role.Leader) return this.hostSuspected(node);
    if (isStable) raw.leaderDied();
    else raw.forgetLeader();
    return true;
  }

  /** A leader takes no more part: followers whose clocks stand are woken, for nobody else would tell them. */
  leave(): void {
    const { raw, hosts } = this.#host;
    if (hosts === undefined || raw.role !== Role.Leader) return;
    const { id, term } = raw;
    const { voters, learners } = raw.configuration;
    for (const to of [...voters, ...learners]) {
      if (to !== id) this.#outgoing.push(createMessage({ type: MessageType.Heartbeat, to, from: id, term }));
    }
  }

  /** Something may be due after all: the clock runs again. */
  start(): void {
    this.#idleTicks = 0;
    this.#host.raw.wake();
  }
}

const NOTHING: readonly Message[] = [];
