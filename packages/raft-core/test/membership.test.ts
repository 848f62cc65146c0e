import { describe, expect, test } from 'vitest';
import { ConfChangeTransition, Role } from '../src/index.js';
import { Random } from './random.js';
import { TestCluster } from './test-cluster.js';
import { add, configurationOf, learn, remove, three, update, withSpares } from './membership-changes.js';

const { Auto } = ConfChangeTransition;

describe('single-server changes (thesis, section 4.1)', () => {
  test('a new voter is caught up and takes part', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.propose(1, 'before');
    cluster.settle();
    cluster.proposeChanges(1, Auto, add(4));
    cluster.settle();
    expect(cluster.all.map(({ id }) => configurationOf(cluster, id))).toEqual([
      '1 2 3 4',
      '1 2 3 4',
      '1 2 3 4',
      '1 2 3 4',
    ]);
    expect(cluster.node(4).words).toEqual(['before']);
    cluster.isolate(2);
    cluster.propose(1, 'after');
    cluster.settle();
    expect(cluster.node(4).words).toEqual(['before', 'after']);
  });

  test('it takes effect when it is applied, not when it is appended', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.proposeChanges(1, Auto, add(4));
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 3');
  });

  test('only one change at a time: the next is refused until the last is applied', () => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    expect(cluster.proposeChanges(1, Auto, add(4))).toMatchObject({ ok: true, replaced: undefined });
    expect(cluster.proposeChanges(1, Auto, add(5))).toMatchObject({ ok: true, replaced: 'pending' });
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 3 4');
    expect(cluster.proposeChanges(1, Auto, add(5))).toMatchObject({ ok: true, replaced: undefined });
    cluster.settle();
    expect(configurationOf(cluster, 5)).toBe('1 2 3 4 5');
  });

  test('a refused change leaves an empty entry, so that index and term of the answer hold', () => {
    const cluster = withSpares([1, 2, 3], [4, 5]);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, add(4));
    const refused = cluster.proposeChanges(1, Auto, add(5));
    expect(refused).toMatchObject({ ok: true, index: 4 });
    cluster.settle();
    expect(cluster.node(1).appliedEntries.at(-1)).toMatchObject({ index: 4, type: 0 });
  });

  test('a removed follower hears nothing more, and counts no more', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(3));
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2');
    cluster.sent.length = 0;
    cluster.isolate(2);
    cluster.propose(1, 'a');
    cluster.pass(5);
    expect(cluster.sent.filter(({ to }) => to === 3)).toEqual([]);
    expect(cluster.node(1).words).toEqual([]);
  });

  test('removing a voter may commit what waited for it', () => {
    const cluster = TestCluster.of({ voters: [1, 2, 3, 4] });
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(4));
    cluster.settle();
    cluster.isolate(3);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(2).words).toEqual(['a']);
  });

  test('an update changes no configuration, but is applied', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.raw(1).proposeConfChange({ kind: 'v1', ...update(2), context: new Uint8Array([1, 2, 3]) });
    cluster.settle();
    expect(configurationOf(cluster, 2)).toBe('1 2 3');
    expect(cluster.node(2).appliedIndex).toBe(3);
  });

  test('a change that would leave no voters never enters the log', () => {
    const cluster = TestCluster.of({ voters: [1] });
    cluster.elect(1);
    expect(cluster.proposeChanges(1, Auto, remove(1))).toMatchObject({ ok: true, replaced: 'impossible' });
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1');
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
  });
});

describe('the leader removes itself (thesis, section 4.2.2)', () => {
  test.each([
    [true, Role.Follower],
    [false, Role.Leader],
  ])('with stepDownOnRemoval %s, once that is applied, it is in role %d', (stepDownOnRemoval, role) => {
    const cluster = TestCluster.of(three, { stepDownOnRemoval });
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(1));
    cluster.settle();
    expect(configurationOf(cluster, 2)).toBe('2 3');
    expect(cluster.raw(1).role).toBe(role);
  });

  test('it does not count itself for commits from then on, nor take proposals', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(1));
    cluster.settle();
    expect(cluster.propose(1, 'a')).toEqual({ ok: false, reason: 'removed', leader: 1 });
  });

  test('it leads on until the removal is committed by the others as well as itself', () => {
    const cluster = TestCluster.of(three, { stepDownOnRemoval: true });
    cluster.elect(1);
    cluster.isolate(1);
    cluster.proposeChanges(1, Auto, remove(1));
    cluster.settle();
    expect(cluster.raw(1).role).toBe(Role.Leader);
    cluster.heal();
    cluster.tick(1);
    cluster.settle();
    expect(cluster.raw(1).role).toBe(Role.Follower);
  });

  test('a demoted leader steps down too, and goes on as a learner', () => {
    const cluster = TestCluster.of(three, { stepDownOnRemoval: true });
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, learn(1));
    cluster.settle();
    expect(configurationOf(cluster, 2)).toBe('2 3 learners 1');
    expect(cluster.raw(1).role).toBe(Role.Follower);
    cluster.elect(2);
    cluster.propose(2, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
  });

  test('whoever is left elects a new leader', () => {
    const random = new Random(1);
    const electionJitter = (ticks: number): number => random.below(ticks);
    const options = { stepDownOnRemoval: true, preVote: true, checkQuorum: true, electionJitter };
    const cluster = TestCluster.of(three, options);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, remove(1));
    cluster.settle();
    cluster.pass(60);
    expect(cluster.leaders).toHaveLength(1);
    expect([2, 3]).toContain(cluster.leaders[0]);
  });
});

describe('learners catch up new voters (thesis, section 4.2.1)', () => {
  test('a learner has the log but no voice: neither commits nor elections wait for it', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, learn(4));
    cluster.settle();
    expect(configurationOf(cluster, 4)).toBe('1 2 3 learners 4');
    cluster.isolate(4);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(2).words).toEqual(['a']);
    cluster.isolate(2);
    cluster.heal();
    cluster.isolate(2);
    cluster.isolate(3);
    cluster.propose(1, 'b');
    cluster.settle();
    expect(cluster.node(4).words).toEqual(['a']);
  });

  test('promotion keeps what is known of its log', () => {
    const cluster = withSpares([1, 2, 3], [4]);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, learn(4));
    cluster.settle();
    cluster.proposeChanges(1, Auto, add(4));
    cluster.settle();
    expect(configurationOf(cluster, 4)).toBe('1 2 3 4');
    expect(cluster.node(1).progressOf(4)).toBe(
      `Replicate match ${cluster.raw(1).lastIndex} next ${cluster.raw(1).lastIndex + 1}`,
    );
  });

  test('a voter can be demoted, and is one voice less', () => {
    const cluster = TestCluster.of(three);
    cluster.elect(1);
    cluster.proposeChanges(1, Auto, learn(3));
    cluster.settle();
    expect(configurationOf(cluster, 1)).toBe('1 2 learners 3');
    cluster.isolate(2);
    cluster.propose(1, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual([]);
  });
});

describe('bootstrap', () => {
  test('founders that bootstrap with the same members elect a leader', () => {
    const cluster = new TestCluster();
    for (const id of [1, 2, 3]) cluster.add(id, undefined).raw.bootstrap([{ id: 1 }, { id: 2 }, { id: 3 }]);
    cluster.settle();
    for (const id of [1, 2, 3]) expect(configurationOf(cluster, id)).toBe('1 2 3');
    cluster.elect(2);
    cluster.propose(2, 'a');
    cluster.settle();
    expect(cluster.node(1).words).toEqual(['a']);
  });

  test('it is refused on a log that holds anything', () => {
    const cluster = TestCluster.of(three);
    expect(() => cluster.raw(1).bootstrap([{ id: 1 }])).toThrow(/bootstrap/);
  });
});
