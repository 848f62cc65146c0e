import { Role } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { LeaderCompleteness } from './leader-completeness.js';
import { entry, SyntheticCluster } from './testdata/synthetic-cluster.js';

function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new LeaderCompleteness()).opened().elects(1, 2);
  c.proposes(1);
  return c;
}
const leads = (c: SyntheticCluster, node: number, term: number): SyntheticCluster =>
  c.role(node, Role.Leader, term, { vote: node, leader: node });

describe('leader completeness', () => {
  test('a leader with all that was committed, in its log or in a snapshot', () => {
    const c = cluster().replicates(1).commitsAll(1).snapshots(3, 2);
    expect(() => c.elects(2, 3).elects(3, 4).check()).not.toThrow();
  });

  test('a leader that lacks a committed entry', () => {
    const c = cluster().replicates(1, [2]).commitsAll(1, [2]);
    expect(() => leads(c, 3, 3)).toThrow(
      /^leader-completeness: .* lacks the committed entry 2 of term 2: its log ends at 0/,
    );
  });

  test('a leader that has another entry there', () => {
    const c = cluster().replicates(1, [2]).commitsAll(1, [2]).takes(3, entry(1, 1), entry(1, 2));
    expect(() => leads(c, 3, 3)).toThrow(/^leader-completeness: .* it has one of term 1 there/);
  });

  test('an old leader commits what the new one lacks', () => {
    const c = cluster().replicates(1, [2]);
    leads(c, 3, 3);
    expect(() => c.commits(1, 2)).toThrow(/^leader-completeness: group 1 on n3 .* lacks the committed entry 2/);
  });

  test('a leader of an earlier term may lack what a later one committed', () => {
    const c = cluster().elects(2, 3, [3]);
    c.proposes(2);
    expect(() => c.replicates(2, [3]).commitsAll(2, [3]).check()).not.toThrow();
  });
});
