import { describe, expect, test } from 'vitest';
import { MessageType, RawNode } from '../src/index.js';
import { TestCluster } from './test-cluster.js';
import { five, message, replies, three } from './election-cluster.js';

describe('terms (Raft paper, section 5.1)', () => {
  test('a node starts as a follower', () => {
    expect(TestCluster.of(three).node(1).state).toBe('Follower term 0 leader 0');
  });

  test.each(['follower', 'candidate', 'leader'])(
    'a %s that hears of a higher term takes it over and follows',
    (role) => {
      const cluster = TestCluster.of(three);
      if (role === 'candidate') cluster.raw(1).campaign();
      if (role === 'leader') cluster.elect(1);
      cluster.step(message(MessageType.App, 2, 1, { term: 9, logTerm: 1, index: 1 }));
      expect(cluster.node(1).state).toBe('Follower term 9 leader 2');
    },
  );

  test('messages of an older term are ignored', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(2);
    const before = cluster.node(1).state;
    cluster.step(message(MessageType.App, 3, 1, { term: 1, logTerm: 0, index: 0 }));
    cluster.elect(3);
    expect(cluster.step(message(MessageType.App, 2, 1, { term: 1, logTerm: 1, index: 2, commit: 2 }))).toBe('ok');
    expect(cluster.node(1).state).not.toBe(before);
    expect(cluster.node(1).state).toBe('Follower term 2 leader 3');
    expect(replies(cluster, 1)).toEqual([]);
  });

  test('a term survives a restart, and so does the vote (section 5.2)', () => {
    const cluster = TestCluster.of(three);
    cluster.step(message(MessageType.Vote, 2, 1, { term: 5, logTerm: 1, index: 1 }));
    expect(replies(cluster, 1)).toEqual(['VoteResp to 2 term 5']);
    cluster.drop();
    cluster.node(1).restart();
    expect(cluster.raw(1).status()).toMatchObject({ term: 5, vote: 2 });
    cluster.step(message(MessageType.Vote, 3, 1, { term: 5, logTerm: 1, index: 1 }));
    expect(replies(cluster, 1)).toEqual(['VoteResp to 3 term 5 rejected']);
  });
});

describe('leader election (Raft paper, section 5.2)', () => {
  test('a follower that hears nothing for an election timeout becomes a candidate, votes for itself and asks all others', () => {
    const cluster = TestCluster.of(five);
    cluster.tick(1, 9);
    expect(cluster.node(1).state).toBe('Follower term 0 leader 0');
    cluster.tick(1);
    expect(cluster.node(1).state).toBe('Candidate term 1 leader 0');
    cluster.settle(1);
    expect(cluster.raw(1).status().vote).toBe(1);
    expect(cluster.inFlight).toEqual([2, 3, 4, 5].map((id) => `1->${id} Vote term 1 at 1/1 commit 0`));
  });

  test('a candidate that hears nothing starts another election in the next term', () => {
    const cluster = TestCluster.of(three);
    cluster.tick(1, 20);
    expect(cluster.node(1).state).toBe('Candidate term 2 leader 0');
  });

  test('the election timeout is the configured one plus the jitter, which is asked for anew at each reset', () => {
    const asked: number[] = [];
    const jitters = [0, 3, 7, 9];
    const electionJitter = (ticks: number): number => {
      asked.push(ticks);
      return jitters[asked.length % jitters.length] ?? 0;
    };
    const cluster = TestCluster.of({ voters: [1, 2, 3] }, { electionJitter });
    const timeouts: number[] = [];
    for (let election = 0; election < 8; election++) {
      const { term } = cluster.raw(1).status();
      let ticks = 0;
      while (cluster.raw(1).status().term === term) {
        cluster.tick(1);
        ticks++;
      }
      timeouts.push(ticks);
    }
    expect(new Set(timeouts)).toEqual(new Set([10, 13, 17, 19]));
    expect(asked.every((ticks) => ticks === 10)).toBe(true);
  });

  test.each([
    [[1], 'Leader'],
    [[1, 2, 3], 'Leader'],
    [[1, 2, 3, 4], 'Leader'],
    [[1, 2, 3, 4, 5], 'Leader'],
  ] as const)('of voters %j one that has the votes of all leads', (voters, role) => {
    const cluster = TestCluster.of({ voters });
    cluster.elect(1);
    expect(cluster.node(1).state).toBe(`${role} term 1 leader 1`);
  });

  test.each([
    { yes: 2, no: 0, outcome: 'Leader' },
    { yes: 2, no: 2, outcome: 'Leader' },
    { yes: 1, no: 2, outcome: 'Candidate' },
    { yes: 1, no: 3, outcome: 'Follower' },
    { yes: 0, no: 3, outcome: 'Follower' },
    { yes: 0, no: 0, outcome: 'Candidate' },
  ])('of five, one that has $yes votes and $no refusals is a $outcome', ({ yes, no, outcome }) => {
    const cluster = TestCluster.of(five);
    cluster.raw(1).campaign();
    cluster.settle(1);
    for (let voter = 0; voter < yes; voter++) {
      cluster.step(message(MessageType.VoteResp, 2 + voter, 1, { term: 1 }));
    }
    for (let voter = 0; voter < no; voter++) {
      cluster.step(message(MessageType.VoteResp, 5 - voter, 1, { term: 1, reject: true }));
    }
    expect(cluster.node(1).state).toMatch(new RegExp(`^${outcome} term 1`));
  });

  test('one voter counts once, however often its answer comes, and its first answer stands', () => {
    const cluster = TestCluster.of(five);
    cluster.raw(1).campaign();
    cluster.settle(1);
    for (let copy = 0; copy < 5; copy++) cluster.step(message(MessageType.VoteResp, 2, 1, { term: 1 }));
    expect(cluster.node(1).state).toBe('Candidate term 1 leader 0');
    cluster.step(message(MessageType.VoteResp, 3, 1, { term: 1, reject: true }));
    cluster.step(message(MessageType.VoteResp, 3, 1, { term: 1 }));
    expect(cluster.node(1).state).toBe('Candidate term 1 leader 0');
  });

  test('votes of learners and strangers do not count', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3], learners: [4] });
    cluster.raw(1).campaign();
    cluster.settle(1);
    cluster.step(message(MessageType.VoteResp, 4, 1, { term: 1 }));
    expect(cluster.step(message(MessageType.VoteResp, 9, 1, { term: 1 }))).toBe('peer-not-found');
    expect(cluster.node(1).state).toBe('Candidate term 1 leader 0');
  });

  test('a vote is given once in a term, first come first served, and again to the same candidate', () => {
    const cluster = TestCluster.of(five);
    const ask = (from: number): readonly string[] => {
      cluster.drop();
      cluster.step(message(MessageType.Vote, from, 1, { term: 3, logTerm: 1, index: 1 }));
      return replies(cluster, 1);
    };
    expect(ask(2)).toEqual(['VoteResp to 2 term 3']);
    expect(ask(3)).toEqual(['VoteResp to 3 term 3 rejected']);
    expect(ask(2)).toEqual(['VoteResp to 2 term 3']);
  });

  test('stepping down within a term does not give the vote back: CCF #5891', () => {
    const cluster = TestCluster.of(five);
    cluster.raw(1).campaign();
    cluster.settle(1);
    cluster.drop();
    // Another candidate of the same term has won.
    cluster.step(message(MessageType.App, 2, 1, { term: 1, logTerm: 1, index: 1 }));
    expect(cluster.node(1).state).toBe('Follower term 1 leader 2');
    cluster.settle(1);
    cluster.drop();
    cluster.step(message(MessageType.Vote, 3, 1, { term: 1, logTerm: 1, index: 1 }));
    expect(replies(cluster, 1)).toEqual(['VoteResp to 3 term 1 rejected']);
  });

  test('a candidate that hears of a leader of its term follows it', () => {
    for (const type of [MessageType.App, MessageType.Heartbeat]) {
      const cluster = TestCluster.of(three);
      cluster.raw(1).campaign();
      cluster.settle(1);
      cluster.step(message(type, 2, 1, { term: 1, logTerm: 1, index: 1 }));
      expect(cluster.node(1).state).toBe('Follower term 1 leader 2');
    }
  });

  test('a leader beats at once in reach of each heartbeat timeout, so that nobody else campaigns', () => {
    const cluster = TestCluster.of(three, { heartbeatTicks: 3 });
    cluster.elect(1);
    cluster.sent.length = 0;
    cluster.pass(30);
    expect(cluster.sent.filter(({ type, to }) => type === MessageType.Heartbeat && to === 2)).toHaveLength(10);
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
    expect(cluster.node(2).state).toBe('Follower term 1 leader 1');
  });

  test('a split vote elects nobody, and a later election somebody', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3, 4] });
    cluster.raw(1).campaign();
    cluster.raw(2).campaign();
    cluster.settle(1);
    cluster.settle(2);
    // Each asks its own neighbour first.
    cluster.deliver(({ from, to }) => to === from + 2);
    cluster.settle();
    expect(cluster.leaders).toEqual([]);
    cluster.elect(1);
    expect(cluster.leaders).toEqual([1]);
    expect(cluster.node(1).state).toBe('Leader term 2 leader 1');
  });

  test('answers to an earlier campaign of the same node do not count in a later one', () => {
    const cluster = TestCluster.of(five);
    cluster.raw(1).campaign();
    cluster.settle(1);
    cluster.raw(1).campaign();
    cluster.settle(1);
    for (const voter of [2, 3, 4]) cluster.step(message(MessageType.VoteResp, voter, 1, { term: 1 }));
    expect(cluster.node(1).state).toBe('Candidate term 2 leader 0');
  });
});

describe('election restriction (Raft paper, section 5.4.1)', () => {
  test.each([
    { mine: [2, 2], theirs: { logTerm: 2, index: 3 }, granted: true, why: 'the same log' },
    { mine: [2, 2], theirs: { logTerm: 2, index: 4 }, granted: true, why: 'the same term and a longer log' },
    { mine: [2, 2], theirs: { logTerm: 3, index: 2 }, granted: true, why: 'a later term, although shorter' },
    { mine: [2, 2], theirs: { logTerm: 2, index: 2 }, granted: false, why: 'the same term and a shorter log' },
    { mine: [2, 2], theirs: { logTerm: 1, index: 9 }, granted: false, why: 'an earlier term, although longer' },
    { mine: [1, 3], theirs: { logTerm: 2, index: 9 }, granted: false, why: 'an earlier last term' },
  ])('the last entry decides: $why', ({ mine, theirs, granted }) => {
    const cluster = new TestCluster();
    cluster.add(1, three, {}, { terms: mine, hardState: { term: 3 } });
    cluster.step(message(MessageType.Vote, 2, 1, { term: 5, ...theirs }));
    expect(replies(cluster, 1)).toEqual([`VoteResp to 2 term 5${granted ? '' : ' rejected'}`]);
  });

  test('a refusal still takes over the term', () => {
    const cluster = new TestCluster();
    cluster.add(1, three, {}, { terms: [2, 2], hardState: { term: 3 } });
    cluster.step(message(MessageType.Vote, 2, 1, { term: 8, logTerm: 1, index: 1 }));
    expect(cluster.node(1).state).toBe('Follower term 8 leader 0');
  });
});

describe('a vote leaves only when it is durable (Raft paper, section 5.2; thesis, section 3.8)', () => {
  test('in the asynchronous mode the answer is a response of the write', () => {
    const cluster = TestCluster.of(three, { asyncStorageWrites: true });
    cluster.step(message(MessageType.Vote, 2, 1, { term: 1, logTerm: 1, index: 1 }));
    const node = cluster.node(1);
    expect(cluster.ready(node)).toBe(true);
    expect(cluster.inFlight).toEqual([]);
    expect(node.disk.image.hardState.vote).toBe(0);
    cluster.finishAppend(node);
    expect(node.disk.image.hardState.vote).toBe(2);
    expect(cluster.inFlight).toEqual(['1->2 VoteResp term 1 at 0/0 commit 0']);
  });

  test('a candidate does not count its own vote before it is durable', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3] }, { asyncStorageWrites: true });
    cluster.raw(1).campaign();
    cluster.ready(cluster.node(1));
    cluster.step(message(MessageType.VoteResp, 2, 1, { term: 1 }));
    expect(cluster.node(1).state).toBe('Candidate term 1 leader 0');
    cluster.finishAppend(cluster.node(1));
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
  });
});

describe('who may campaign', () => {
  test('a learner never campaigns, but votes when asked (etcd #10998)', () => {
    const cluster = TestCluster.of({ voters: [1, 2], learners: [3] });
    cluster.tick(3, 100);
    cluster.raw(3).campaign();
    expect(cluster.node(3).state).toBe('Follower term 0 leader 0');
    cluster.step(message(MessageType.Vote, 1, 3, { term: 1, logTerm: 1, index: 1 }));
    expect(replies(cluster, 3)).toEqual(['VoteResp to 1 term 1']);
  });

  test('a node that is in no configuration never campaigns', () => {
    const cluster = new TestCluster();
    cluster.add(1, undefined);
    cluster.tick(1, 100);
    cluster.raw(1).campaign();
    expect(cluster.node(1).state).toBe('Follower term 0 leader 0');
  });

  test('a leader that is asked to campaign goes on leading', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.raw(1).campaign();
    expect(cluster.node(1).state).toBe('Leader term 1 leader 1');
  });

  test('a lone voter is elected by its own durable vote', () => {
    const cluster = TestCluster.of({ voters: [7] });
    cluster.tick(7, 10);
    cluster.settle();
    expect(cluster.node(7).state).toBe('Leader term 1 leader 7');
  });
});

test('options that cannot work are refused by name', () => {
  const base = { id: 1, electionTicks: 10, heartbeatTicks: 1, electionJitter: () => 0 };
  const { disk } = TestCluster.of(three).node(1);
  const create = (options: object): RawNode => new RawNode({ ...base, storage: disk, ...options });
  expect(() => create({ id: 0 })).toThrow(/id/);
  expect(() => create({ heartbeatTicks: 0 })).toThrow(/heartbeatTicks/);
  expect(() => create({ electionTicks: 1 })).toThrow(/electionTicks/);
  expect(() => create({ maxInflightMessages: 0 })).toThrow(/maxInflightMessages/);
  expect(() => create({ maxInflightBytes: 10, maxSizePerMessageBytes: 20 })).toThrow(/maxInflightBytes/);
  expect(() => create({ readOnly: 'lease-based' })).toThrow(/checkQuorum/);
});
