import {
  confStatesEqual,
  ConfChangeTransition,
  ConfChangeType,
  MessageType,
  Role,
  type ConfChangeSingle,
  type Message,
} from '../src/index.js';
import { Random } from './random.js';
import { RaftInvariants } from './raft-invariants.js';
import { TestCluster, type CrashPoint, type NodeOptions, type TestNode } from './test-cluster.js';

/** How a random run is shaped. All of it follows from the seed. */
interface Shape {
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  /** Nodes that exist from the start, but join only if a change of membership says so. */
  readonly spares: readonly number[];
  readonly options: NodeOptions;
  readonly lossRate: number;
  readonly crashRate: number;
}

const CRASH_POINTS: readonly CrashPoint[] = ['before-write', 'after-write', 'after-send'];

/** A read, and what it must see: everything that was committed anywhere when it was asked. */
interface Read {
  readonly nodeId: number;
  readonly mustSee: number;
}

/**
 * A cluster under a random schedule: messages are lost, doubled and reordered, links and nodes fail, unsynced writes are
 * lost, members come and go. After each action all invariants are checked.
 */
export class RandomSchedule {
  readonly cluster: TestCluster;
  readonly #random: Random;
  readonly #invariants: RaftInvariants;
  readonly #shape: Shape;
  readonly #reads = new Map<number, Read>();
  #proposals = 0;
  #reading = 0;
  #cut: readonly (readonly [number, number])[] = [];

  constructor(seed: number, isAsync: boolean) {
    this.#random = new Random(seed);
    this.#shape = this.#drawShape(isAsync);
    const { voters, learners, spares, options } = this.#shape;
    const jitter = (ticks: number): number => this.#random.below(ticks);
    this.cluster = TestCluster.of({ voters, learners }, { ...options, electionJitter: jitter });
    for (const id of spares) this.cluster.add(id, undefined, { ...options, electionJitter: jitter });
    this.cluster.lose(({ from, to }) => this.#cut.some(([a, b]) => a === from && b === to));
    this.#invariants = new RaftInvariants(this.cluster);
  }

  /** So many random actions. Throws what is violated. */
  run(actions: number): void {
    for (let action = 0; action < actions; action++) {
      this.#act();
      this.#checkReads();
      this.#invariants.check();
    }
  }

  /**
   * Faults stop: the group must elect, serve, and become equal again. Throws if it does not.
   * `locked-out` is the one exemption, see `#isLockedOut`.
   */
  converge(): 'converged' | 'locked-out' {
    const { cluster } = this;
    this.#cut = [];
    for (const node of cluster.all) if (!node.isUp) node.restart();
    for (let round = 0; round < 60; round++) {
      cluster.pass(10);
      this.#checkReads();
      this.#invariants.check();
      for (const node of cluster.all) {
        // Snapshots that were lost have nobody else to report them.
        this.#reportLostSnapshots(node);
        this.#retireRemovedLeader(node);
      }
      if (round % 10 === 9) this.#electAnew();
      if (this.#hasConverged()) return 'converged';
    }
    if (this.#isLockedOut()) return 'locked-out';
    throw new Error(`does not converge: ${cluster.all.map((node) => `${node.id}: ${node.state}`).join(', ')}`);
  }

  #drawShape(isAsync: boolean): Shape {
    const random = this.#random;
    const count = random.pick([1, 2, 3, 3, 3, 4, 5, 5, 7]);
    const ids = Array.from({ length: count }, (_, at) => at + 1);
    const learners = count > 2 && random.chance(0.3) ? ids.splice(-1) : [];
    const checkQuorum = random.chance(0.5);
    return {
      voters: ids,
      learners,
      spares: random.chance(0.6) ? [count + 1, count + 2] : [],
      options: {
        asyncStorageWrites: isAsync,
        electionTicks: 5,
        heartbeatTicks: 1,
        checkQuorum,
        preVote: random.chance(0.5),
        stepDownOnRemoval: random.chance(0.5),
        maxInflightMessages: random.pick([1, 2, 5, 256]),
        maxSizePerMessageBytes: random.pick([0, 20, 1_000_000]),
        maxCommittedSizePerReadyBytes: random.pick([1, 40, 1_000_000]),
      },
      lossRate: random.pick([0, 0, 0.05, 0.3]),
      crashRate: random.pick([0, 0.005, 0.02]),
    };
  }

  #act(): void {
    const random = this.#random;
    const node = random.pick(this.cluster.all);
    if (!node.isUp) {
      if (random.chance(0.2)) node.restart(random.below(node.disk.survivors.length));
      return;
    }
    if (random.chance(this.#shape.crashRate)) {
      if (random.chance(0.7)) this.cluster.ready(node, random.pick(CRASH_POINTS));
      node.crash();
      return;
    }
    const what = random.fraction();
    if (what < 0.35) this.#deliverOne();
    else if (what < 0.6) this.cluster.ready(node);
    else if (what < 0.7) this.cluster.finishAppend(node);
    else if (what < 0.78) this.cluster.finishApply(node);
    else if (what < 0.87) node.raw.tick();
    else if (what < 0.94) this.#proposeSomething();
    else if (what < 0.96) this.#read(node);
    else if (what < 0.965) this.#cutLinks();
    else if (what < 0.97) this.#changeMembers();
    else if (what < 0.98) this.#compact(node);
    else this.#nudge(node);
  }

  #deliverOne(): void {
    const { cluster } = this;
    const { messages } = cluster;
    if (messages.length === 0) return;
    const random = this.#random;
    // Mostly the oldest, at times any: reordering.
    const at = random.chance(0.7) ? 0 : random.below(messages.length);
    const message = messages[at];
    if (message === undefined) return;
    if (random.chance(0.05)) {
      // Once more later: duplication.
      messages.push(message);
    }
    messages.splice(at, 1);
    if (random.chance(this.#shape.lossRate) || this.#isCut(message)) {
      if (message.type === MessageType.Snap) this.#reportSnapshot(message, 'failure');
      return;
    }
    cluster.step(message);
    if (message.type === MessageType.Snap) this.#reportSnapshot(message, 'success');
  }

  #isCut({ from, to }: Message): boolean {
    return this.#cut.some(([a, b]) => a === from && b === to);
  }

  #reportSnapshot({ from, to }: Message, status: 'success' | 'failure'): void {
    const sender = this.cluster.nodes.get(from);
    if (sender?.isUp === true) sender.raw.reportSnapshot(to, status);
  }

  #reportLostSnapshots(node: TestNode): void {
    if (node.raw.role !== Role.Leader) return;
    for (const { id, pendingSnapshot } of node.raw.status().progress) {
      if (pendingSnapshot > 0) node.raw.reportSnapshot(id, 'failure');
    }
  }

  /**
   * The price of configurations that take effect when applied: a change was committed and removed voters, all that is left
   * of the old configuration lost its commit index in a crash, and still needs the vote of a removed node, which refuses,
   * rightly, because its own log is longer. (Shrinking two voters to one is how it happens.)
   */
  #isLockedOut(): boolean {
    if (this.cluster.leaders.length > 0) return false;
    const newest = this.cluster.all.toSorted((a, b) => b.appliedIndex - a.appliedIndex)[0];
    const { voters = [] } = newest?.raw.configuration ?? {};
    return voters.every((id) => {
      const { raw } = this.cluster.node(id);
      return !confStatesEqual(raw.configuration, newest?.raw.configuration ?? raw.configuration);
    });
  }

  /** Without pre-vote and check-quorum a follower of a later term hears nobody, and nobody hears of its term. */
  #electAnew(): void {
    const { checkQuorum, preVote } = this.#shape.options;
    const voters = this.#leader()?.raw.configuration.voters ?? [];
    const voter = voters.length === 0 ? undefined : this.#random.pick(voters);
    if (checkQuorum === false && preVote === false && voter !== undefined) this.cluster.raw(voter).campaign();
  }

  /** Without `stepDownOnRemoval` a leader that has removed itself leads on, takes no proposals, and its host must see to it. */
  #retireRemovedLeader({ id, raw }: TestNode): void {
    const { voters } = raw.configuration;
    const [successor] = voters;
    if (raw.role === Role.Leader && !voters.includes(id) && successor !== undefined) raw.transferLeadership(successor);
  }

  #leader(): TestNode | undefined {
    const leaders = this.cluster.all.filter(({ isUp, raw }) => isUp && raw.role === Role.Leader);
    return leaders.length === 0 ? undefined : this.#random.pick(leaders);
  }

  #proposeSomething(): void {
    const node = this.#random.chance(0.9) ? this.#leader() : this.#random.pick(this.cluster.all);
    if (node?.isUp !== true) return;
    const count = this.#random.pick([1, 1, 1, 3]);
    const words = Array.from({ length: count }, () => `w${++this.#proposals}`);
    this.cluster.propose(node.id, ...words);
  }

  #changeMembers(): void {
    const leader = this.#leader();
    if (leader === undefined) return;
    const random = this.#random;
    const ids = this.cluster.all.map(({ id }) => id);
    const changes = Array.from({ length: random.pick([0, 1, 1, 1, 2, 3]) }, (): ConfChangeSingle => ({
      type: random.pick([
        ConfChangeType.AddNode,
        ConfChangeType.AddNode,
        ConfChangeType.RemoveNode,
        ConfChangeType.AddLearnerNode,
      ]),
      nodeId: random.pick(ids),
    }));
    const transition = random.pick([
      ConfChangeTransition.Auto,
      ConfChangeTransition.Auto,
      ConfChangeTransition.JointImplicit,
      ConfChangeTransition.JointExplicit,
    ]);
    this.cluster.proposeChanges(leader.id, transition, ...changes);
  }

  #read(node: TestNode): void {
    const context = ++this.#reading;
    this.#reads.set(context, { nodeId: node.id, mustSee: this.#invariants.highestCommit });
    node.raw.readIndex(context);
  }

  /** Linearizable reads: an index that is handed out covers all that was committed when the read was asked. */
  #checkReads(): void {
    for (const { id, readStates } of this.cluster.all) {
      for (const { index, context } of readStates.splice(0)) {
        const read = this.#reads.get(context);
        if (read === undefined || read.nodeId !== id)
          throw new Error(`node ${id} answers read ${context}, not its own`);
        if (index < read.mustSee) {
          throw new Error(`stale read: node ${id} may read at ${index}, ${read.mustSee} was committed before it asked`);
        }
      }
    }
  }

  #cutLinks(): void {
    const random = this.#random;
    const ids = this.cluster.all.map(({ id }) => id);
    const pairs = ids.flatMap((a) => ids.filter((b) => b !== a).map((b) => [a, b] as const));
    const kind = random.below(3);
    if (kind === 0) {
      this.#cut = [];
    } else if (kind === 1) {
      // Any links, in one direction only.
      this.#cut = pairs.filter(() => random.chance(0.3));
    } else {
      const side = new Set(ids.filter(() => random.chance(0.5)));
      this.#cut = pairs.filter(([a, b]) => side.has(a) !== side.has(b));
    }
  }

  #compact(node: TestNode): void {
    const { appliedIndex, disk } = node;
    if (appliedIndex <= disk.image.snapshot.index || appliedIndex > disk.lastIndex()) return;
    const room = appliedIndex - disk.image.before;
    node.compact(disk.image.before + this.#random.below(room + 1));
  }

  #nudge(node: TestNode): void {
    const random = this.#random;
    const other = random.pick(this.cluster.all).id;
    switch (random.below(5)) {
      case 0:
        node.raw.campaign();
        break;
      case 1:
        node.raw.transferLeadership(other);
        break;
      case 2:
        node.raw.forgetLeader();
        break;
      case 3:
        node.raw.reportUnreachable(other);
        break;
      default:
        if (node.raw.quiesce()) node.raw.wake();
    }
  }

  #hasConverged(): boolean {
    // One that was removed and has not heard of it may lead on in an older term.
    const leader = this.cluster.all
      .filter(({ isUp, raw }) => isUp && raw.role === Role.Leader)
      .toSorted((a, b) => b.raw.term - a.raw.term)[0];
    if (leader === undefined) return false;
    const { configuration } = leader.raw;
    const members = [...configuration.voters, ...configuration.votersOutgoing, ...configuration.learners];
    if (members.some((id) => id !== leader.id && this.cluster.leaders.includes(id))) return false;
    const before = leader.appliedIndex;
    this.cluster.propose(leader.id, `end ${before}`);
    this.cluster.settle();
    if (leader.appliedIndex <= before) return false;
    return members.every((id) => {
      const { words, appliedIndex } = this.cluster.node(id);
      return appliedIndex === leader.appliedIndex && words.join() === leader.words.join();
    });
  }
}
