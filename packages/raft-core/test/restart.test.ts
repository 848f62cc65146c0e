import { describe, expect, test } from 'vitest';
import { ConfChangeType, RawNode, Role } from '../src/index.js';
import { RaftInvariants } from './raft-invariants.js';
import { Random } from './random.js';
import { TestCluster, type CrashPoint, type TestNode } from './test-cluster.js';

const three = { voters: [1, 2, 3] } as const;

/** What happens in a run: elections, proposals, a change of membership, a snapshot. A step at a time. */
const STORY: readonly ((cluster: TestCluster) => void)[] = [
  (cluster) => cluster.raw(1).campaign(),
  (cluster) => cluster.propose(1, 'a'),
  (cluster) => cluster.propose(1, 'b', 'c'),
  (cluster) => cluster.proposeChanges(1, 1, { type: ConfChangeType.AddLearnerNode, nodeId: 3 }),
  (cluster) => cluster.propose(1, 'd'),
  (cluster) => cluster.raw(2).campaign(),
  (cluster) => cluster.propose(2, 'e'),
];

/** A crash of one node at its n-th Ready (or its n-th write or apply, in the asynchronous mode). */
interface Crash {
  readonly id: number;
  readonly at: number;
  readonly point: CrashPoint;
  /** Which of the images that may survive: 0 is the last synced one, -1 the one with everything. */
  readonly survivor: number;
}

class Storyteller {
  readonly cluster: TestCluster;
  readonly #invariants: RaftInvariants;
  readonly #crash: Crash;
  #steps = 0;
  hasCrashed = false;

  constructor(isAsync: boolean, crash: Crash) {
    const random = new Random(crash.at);
    const electionJitter = (ticks: number): number => random.below(ticks);
    this.cluster = TestCluster.of(three, { asyncStorageWrites: isAsync, electionJitter });
    this.#invariants = new RaftInvariants(this.cluster);
    this.#crash = crash;
  }

  tell(): void {
    for (const step of STORY) {
      step(this.cluster);
      this.#settle();
    }
  }

  #settle(): void {
    for (let isBusy = true; isBusy;) {
      isBusy = false;
      for (const node of this.cluster.all) if (this.#work(node)) isBusy = true;
      if (this.cluster.deliver().length > 0) isBusy = true;
      this.#invariants.check();
    }
  }

  #work(node: TestNode): boolean {
    const { id, at, point } = this.#crash;
    const isDoomed = node.id === id && !this.hasCrashed;
    if (isDoomed && node.raw.hasReady() && this.#steps++ === at) {
      this.cluster.ready(node, point);
      this.#restart(node);
      return true;
    }
    if (this.cluster.ready(node)) return true;
    if (isDoomed && node.appendQueue.length + node.applyQueue.length > 0 && this.#steps++ === at) {
      this.#restart(node);
      return true;
    }
    return this.cluster.finishAppend(node) || this.cluster.finishApply(node);
  }

  #restart(node: TestNode): void {
    this.hasCrashed = true;
    const last = node.disk.survivors.length - 1;
    node.restart(this.#crash.survivor < 0 ? last : Math.min(this.#crash.survivor, last));
  }
}

describe.each([
  ['synchronous', false],
  ['asynchronous', true],
] as const)('restart from storage at every point, %s writes', (_, isAsync) => {
  const points: readonly CrashPoint[] = ['before-write', 'after-write', 'after-send'];

  test.each([1, 2, 3])('node %d crashes at each of its steps, with each image of its disk that may survive', (id) => {
    let crashes = 0;
    for (const point of points) {
      for (const survivor of [0, 1, -1]) {
        for (let at = 0; ; at++) {
          const story = new Storyteller(isAsync, { id, at, point, survivor });
          story.tell();
          if (!story.hasCrashed) break;
          crashes++;
          // The others, or it itself, finish the story.
          story.cluster.elect(2);
          story.cluster.pass(60);
          const [leader] = story.cluster.leaders;
          expect(leader).toBeDefined();
          story.cluster.propose(leader ?? 0, 'end');
          story.cluster.settle();
          const words = story.cluster.node(leader ?? 0).words;
          expect(words.at(-1)).toBe('end');
          for (const node of story.cluster.all) expect(node.words).toEqual(words);
        }
      }
    }
    expect(crashes).toBeGreaterThan(60);
  });
});

describe('what a node finds in its storage', () => {
  test('nothing: a follower of term 0 that knows no group', () => {
    const cluster = new TestCluster();
    expect(cluster.add(1, undefined).state).toBe('Follower term 0 leader 0');
    expect(cluster.raw(1).hasReady()).toBe(false);
  });

  test('term, vote, log and commit: it goes on as a follower and applies again what is committed', () => {
    const cluster = new TestCluster();
    cluster.add(1, three, {}, { terms: [2, 2, 3], hardState: { term: 4, vote: 2, commit: 3 } });
    expect(cluster.raw(1).status()).toMatchObject({ term: 4, vote: 2, commit: 3, applied: 1, lastIndex: 4 });
    expect(cluster.raw(1).role).toBe(Role.Follower);
    cluster.settle(1);
    expect(cluster.node(1).words).toEqual(['2/2', '2/3']);
  });

  test('a Ready after a restart hands out no hard state that is stored already', () => {
    const cluster = new TestCluster();
    cluster.add(1, three, {}, { terms: [2], hardState: { term: 4, vote: 2, commit: 2 } });
    const ready = cluster.raw(1).ready();
    expect(ready.hardState).toBeUndefined();
    expect(ready.entries).toEqual([]);
    expect(ready.mustSync).toBe(false);
    expect(ready.committedEntries.map(({ index }) => index)).toEqual([2]);
  });

  test('what was applied before is not handed out again when the host says how far it was', () => {
    const cluster = new TestCluster();
    const { disk } = cluster.add(1, three, {}, { terms: [2, 2, 2], hardState: { term: 2, commit: 4 } });
    const options = { id: 1, electionTicks: 10, heartbeatTicks: 1, electionJitter: () => 0, storage: disk };
    const raw = new RawNode({ ...options, applied: 3 });
    expect(raw.ready().committedEntries.map(({ index }) => index)).toEqual([4]);
  });

  test('a commit index beyond the log is a log that was lost: refused, loudly', () => {
    const cluster = new TestCluster();
    expect(() => cluster.add(1, three, {}, { terms: [2], hardState: { term: 2, commit: 9 } })).toThrow(
      /ends at 2, but 9/,
    );
  });

  test('the stored commit index is a hint: what was applied is committed, whatever it says', () => {
    const cluster = new TestCluster();
    const { disk } = cluster.add(1, three, {}, { terms: [2], hardState: { term: 2, commit: 1 } });
    const options = { id: 1, electionTicks: 10, heartbeatTicks: 1, electionJitter: () => 0, storage: disk };
    expect(new RawNode({ ...options, applied: 2 }).commit).toBe(2);
    expect(() => new RawNode({ ...options, applied: 3 })).toThrow(/3/);
  });

  test('a node that lost its disk and comes back under its id forgets its vote: why hosts give it a new one', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    expect(cluster.raw(2).vote).toBe(1);
    cluster.add(2, three);
    expect(cluster.raw(2).vote).toBe(0);
  });
});

describe('nothing is acknowledged before it is durable', () => {
  test('all nodes lose what they did not sync, at once: every word that was applied anywhere is still there', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    for (const word of ['a', 'b', 'c']) {
      cluster.propose(1, word);
      cluster.settle();
    }
    const applied = cluster.node(1).words;
    for (const node of cluster.all) node.restart(0);
    cluster.elect(3);
    cluster.settle();
    expect(cluster.node(3).words).toEqual(applied);
  });

  test('a single voter too (etcd #14370, #14413): an entry is applied only after it is written', () => {
    for (const asyncStorageWrites of [false, true]) {
      const cluster = TestCluster.of({ voters: [1] }, { asyncStorageWrites });
      cluster.elect(1);
      cluster.propose(1, 'a');
      const ready = cluster.raw(1).ready();
      expect(ready.entries).toHaveLength(1);
      expect(ready.committedEntries).toEqual([]);
      expect(ready.mustSync).toBe(true);
    }
  });
});
