import { describe, expect, test } from 'vitest';
import { MessageType, Role } from '../src/index.js';
import { TestCluster, type NodeOptions } from './test-cluster.js';
import { five, message, replies, three } from './election-cluster.js';

describe('check-quorum and the leader lease of voters (thesis, sections 4.2.3 and 6.2)', () => {
  const options: NodeOptions = { checkQuorum: true };

  test('a leader that can send but not hear steps down within two election timeouts', () => {
    const cluster = TestCluster.of(five, options);
    cluster.elect(1);
    cluster.lose(({ to }) => to === 1);
    cluster.tick(1, 20);
    expect(cluster.raw(1).status().role).toBe(Role.Follower);
  });

  test('a leader that hears of a quorum stays', () => {
    const cluster = TestCluster.of(five, options);
    cluster.elect(1);
    cluster.isolate(4);
    cluster.isolate(5);
    for (let tick = 0; tick < 100; tick++) {
      cluster.tick(1);
      cluster.settle();
    }
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
  });

  test('without check-quorum an isolated leader stays, in its own eyes', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.isolate(1);
    cluster.tick(1, 100);
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
  });

  test('learners do not count for the quorum', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3], learners: [4, 5] }, options);
    cluster.elect(1);
    cluster.isolate(2);
    cluster.isolate(3);
    for (let tick = 0; tick < 20; tick++) {
      cluster.tick(1);
      cluster.settle();
    }
    expect(cluster.raw(1).status().role).toBe(Role.Follower);
  });

  test('voters that hear of a leader refuse votes without taking over the term', () => {
    const cluster = TestCluster.of(three, options);
    cluster.elect(1);
    cluster.step(message(MessageType.Vote, 3, 2, { term: 7, logTerm: 1, index: 9 }));
    expect(cluster.raw(2).status().term).toBe(1);
    expect(replies(cluster, 2)).toEqual([]);
  });

  test('once the lease of the voter has run out it votes', () => {
    const cluster = TestCluster.of(three, { ...options, electionJitter: () => 5 });
    cluster.elect(1);
    cluster.tick(2, 10);
    cluster.step(message(MessageType.Vote, 3, 2, { term: 7, logTerm: 1, index: 9 }));
    expect(replies(cluster, 2)).toEqual(['VoteResp to 3 term 7']);
  });

  test('a transfer of leadership breaks the lease (thesis, section 4.2.3)', () => {
    const cluster = TestCluster.of(three, options);
    cluster.elect(1);
    cluster.raw(1).transferLeadership(3);
    cluster.settle();
    expect(cluster.node(3).state).toBe('Leader term 2 leader 3');
  });

  test('a candidate whose term ran ahead while it was cut off gets the leader to a higher term, and the group goes on', () => {
    const cluster = TestCluster.of(three, options);
    cluster.elect(1);
    cluster.isolate(3);
    cluster.tick(3, 50);
    const { term } = cluster.raw(3).status();
    expect(term).toBeGreaterThan(1);
    cluster.settle();
    cluster.heal();
    cluster.pass(40);
    expect(cluster.leaders).toHaveLength(1);
    const terms = cluster.all.map(({ raw }) => raw.status().term);
    expect(new Set(terms).size).toBe(1);
    expect(terms[0]).toBeGreaterThanOrEqual(term);
  });
});

describe('disruptive servers (thesis, section 4.2.3)', () => {
  test('a removed node that campaigns for ever moves no term', () => {
    const options = { preVote: true, checkQuorum: true };
    const cluster = TestCluster.of({ voters: [1, 2, 3] }, options);
    cluster.add(4, { voters: [1, 2, 3, 4] }, options);
    cluster.elect(1);
    for (let tick = 0; tick < 200; tick++) {
      cluster.tick(4);
      cluster.settle(4);
      cluster.pass(1);
    }
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
    expect(cluster.raw(4).status().term).toBeLessThanOrEqual(1);
  });
});

describe('livelock under partial links (Cloudflare, November 2020; Howard and Abraham, 2020)', () => {
  const options: NodeOptions = { preVote: true, checkQuorum: true };
  const jitterOf = (id: number): NodeOptions => {
    let state = id * 7919;
    return {
      ...options,
      electionJitter: (ticks) => {
        state = (state * 48_271) % 2_147_483_647;
        return state % ticks;
      },
    };
  };

  test.each([
    { name: 'a ring of switches: 1-2, 2-3 but not 1-3', voters: [1, 2, 3], cut: [[1, 3]] },
    {
      name: '1, 2, 3 complete, 4 sees 2 only, 5 sees 3 only',
      voters: [1, 2, 3, 4, 5],
      cut: [
        [4, 1],
        [4, 3],
        [4, 5],
        [5, 1],
        [5, 2],
      ],
    },
  ])('$name: one leader, soon and for long', ({ voters, cut }) => {
    const cluster = new TestCluster();
    for (const id of voters) cluster.add(id, { voters }, jitterOf(id));
    cluster.lose(({ from, to }) => cut.some((pair) => pair.includes(from) && pair.includes(to)));
    cluster.pass(100);
    const [leader] = cluster.leaders;
    expect(cluster.leaders).toHaveLength(1);
    const { term } = cluster.raw(leader ?? 0).status();
    cluster.pass(1000);
    expect(cluster.leaders).toEqual([leader]);
    expect(cluster.raw(leader ?? 0).status().term).toBe(term);
  });
});
