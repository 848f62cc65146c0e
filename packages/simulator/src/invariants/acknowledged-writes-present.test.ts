import { utf8Encode } from '@flotilla/bytes';
import { Role } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { AcknowledgedWritesPresent } from './acknowledged-writes-present.js';
import { GROUP, SyntheticCluster } from './testdata/synthetic-cluster.js';

function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new AcknowledgedWritesPresent()).opened().elects(1, 2);
  c.proposes(1, 'mine');
  return c.replicates(1);
}
const acknowledged = (c: SyntheticCluster, text = 'mine', term = 2): SyntheticCluster =>
  c.observe({ kind: 'acknowledged', group: GROUP, index: 2, term, command: utf8Encode(text) });

describe('acknowledged writes are present', () => {
  test('in the log, the snapshot and the final state', () => {
    const c = acknowledged(cluster().commitsAll(1)).snapshots(2, 2).elects(2, 3).replicates(2).commitsAll(2);
    expect(() => c.check().settled()).not.toThrow();
  });

  test('a write that was not committed, or another one', () => {
    expect(() => acknowledged(cluster())).toThrow(
      /^acknowledged-writes-present: command 2 of term 2 .* nothing was committed there/,
    );
    expect(() => acknowledged(cluster().commits(1, 2), 'mine', 3)).toThrow(/the entry of term 2 was committed there/);
    expect(() => acknowledged(cluster().commits(1, 2), 'other')).toThrow(/another command was committed there/);
  });

  test('a later leader without it', () => {
    const c = acknowledged(cluster().commits(1, 2)).restarts(3).ends(3, 'wiped').starts(3).opens(3);
    c.role(3, Role.Leader, 3);
    expect(() => c.check()).toThrow(/^acknowledged-writes-present: group 1 on n3 .* lacks command 2 of term 2/);
  });

  test('a replica that never comes to show it', () => {
    const c = acknowledged(cluster().commitsAll(1, [2]));
    expect(() => c.settled()).toThrow(
      /^acknowledged-writes-present: group 1 on n3 .* shows all up to 0, and command 2/,
    );
  });
});
