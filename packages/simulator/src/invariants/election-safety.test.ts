import { Role } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { ElectionSafety } from './election-safety.js';
import { conf, SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster => new SyntheticCluster(new ElectionSafety()).opened();
const vote = (node: number, term: number, to: number) => (c: SyntheticCluster) =>
  c.writes(node, { hardState: { term, vote: to, commit: 0 } });
const leads = (c: SyntheticCluster, node: number, term: number): SyntheticCluster =>
  c.role(node, Role.Candidate, term, { vote: node }).role(node, Role.Leader, term, { vote: node, leader: node });

describe('election safety', () => {
  test('one leader a term, and another in the next', () => {
    expect(() => cluster().elects(1, 2).elects(2, 3).elects(1, 4)).not.toThrow();
  });

  test('two leaders of one term', () => {
    const c = cluster().elects(1, 2, [2]);
    vote(2, 2, 3)(c);
    vote(3, 2, 3)(c);
    expect(() => leads(c, 3, 2)).toThrow(/^election-safety: group 1 on n3 .* was elected, and before it that on n1/);
  });

  test('a process that died and leads the same term again', () => {
    const c = cluster().elects(1, 2).restarts(1);
    expect(() => leads(c, 1, 2)).toThrow(/^election-safety: .*life 2.* before it that on n1 \(node 1, life 1\)/);
  });

  test('votes of less than a majority', () => {
    const c = cluster();
    vote(1, 2, 1)(c);
    expect(() => leads(c, 1, 2)).toThrow(/^election-safety: .* only 1 of 1 2 3 have voted for it durably/);
  });

  test('votes that were not durable do not count, and those that a later term replaced may have been given', () => {
    const c = cluster();
    c.hands(1, { hardState: { term: 2, vote: 1, commit: 0 } });
    vote(2, 2, 1)(c);
    expect(() => leads(c, 1, 2)).toThrow(/^election-safety: .* only 2 of 1 2 3/);
    const late = cluster();
    vote(2, 3, 0)(late);
    vote(1, 2, 1)(late);
    expect(() => leads(late, 1, 2)).not.toThrow();
  });

  test('the vote of a machine that was wiped since was given all the same', () => {
    const c = cluster();
    vote(2, 2, 1)(c);
    vote(1, 2, 1)(c);
    c.ends(2, 'wiped');
    expect(() => leads(c, 1, 2)).not.toThrow();
  });

  test('a joint configuration needs a majority of both halves', () => {
    const joint = conf([1, 2, 3], { votersOutgoing: [3, 4, 5] });
    const c = new SyntheticCluster(new ElectionSafety(), [1, 2, 3, 4, 5]);
    for (const node of [1, 2, 3, 4, 5]) c.starts(node).opens(node, { configuration: joint });
    vote(1, 2, 1)(c);
    vote(2, 2, 1)(c);
    expect(() => leads(c, 1, 2)).toThrow(/^election-safety: .* only none of 3 4 5/);
  });
});
