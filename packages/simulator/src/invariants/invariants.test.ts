import { EntryType, MessageType, Role, TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { ExactlyOnce } from './exactly-once.js';
import { INVARIANTS } from './invariants.js';
import { change, conf, entry, GROUP, SyntheticCluster } from './testdata/synthetic-cluster.js';

const all = (voters?: readonly number[]): SyntheticCluster =>
  new SyntheticCluster([...INVARIANTS(), new ExactlyOnce()], voters).opened();

/** Three nodes; the first leads term 2 and has committed two commands. */
function busy(): SyntheticCluster {
  const cluster = all().elects(1, 2);
  cluster.proposes(1, 'one');
  cluster.proposes(1, 'two');
  return cluster.replicates(1).commitsAll(1);
}

/** The first, which leads term 2, tells a node that all up to an index is committed. */
const told = (cluster: SyntheticCluster, node: number, commit: number): SyntheticCluster =>
  node === 1
    ? cluster.commits(1, commit)
    : cluster.receives(node, { type: MessageType.Heartbeat, from: 1, term: 2, commit }).commits(node, commit);

describe('legal histories, which no invariant may take for a violation', () => {
  test('an election, commands, and rest', () => {
    expect(() => busy().check().settled()).not.toThrow();
  });

  test('entries that were not committed are overwritten by the next leader, also on disks', () => {
    const cluster = busy();
    cluster.proposes(1, 'lost');
    cluster.proposes(1, 'lost too');
    cluster.replicates(1, []);
    cluster.elects(2, 3, [3]);
    cluster.proposes(2, 'kept');
    cluster.replicates(2, [3]).commitsAll(2, [3]);
    cluster.replicates(2, [1]).commitsAll(2);
    expect(() => cluster.check().settled()).not.toThrow();
    expect(cluster.replica(1).log.termAt(4)).toBe(3);
  });

  test('an entry of an earlier term is committed by way of one of the leader (figure 8, e)', () => {
    const cluster = busy();
    cluster.proposes(1, 'old');
    cluster.replicates(1, [2]);
    cluster.elects(2, 3, [3]);
    cluster.replicates(2, [3]).commitsAll(2, [3]);
    expect(cluster.observed.groups.get(GROUP)?.committed.termAt(4)).toBe(2);
    expect(() => cluster.check()).not.toThrow();
  });

  test('a restart begins at its snapshot, applies again what follows it, and has forgotten how much was committed', () => {
    const cluster = busy();
    cluster.snapshots(2, 2);
    cluster.proposes(1, 'three');
    cluster.replicates(1).commitsAll(1);
    cluster.restarts(2);
    expect(cluster.replica(2)).toMatchObject({ commit: 3, watermark: 2 });
    cluster.applies(2, 3);
    told(cluster, 2, 4).applies(2, 4);
    expect(() => cluster.check().settled()).not.toThrow();
  });

  test('a crash loses what was on its way to the disk, or does not', () => {
    for (const survives of [false, true]) {
      const cluster = busy();
      const written = cluster.replica(1).machine.disk.get(GROUP);
      const more = cluster.proposes(1, 'under way');
      cluster.hands(1, { entries: [more] });
      cluster.ends(1, 'power');
      const entries = [...(written?.log.entries ?? []), ...(survives ? [more] : [])];
      const hardState = written?.hardState ?? { term: 0, vote: 0, commit: 0 };
      cluster.starts(1, [{ hardState, snapshotMark: undefined, entries }]);
      cluster.opens(1, { ...hardState, lastIndex: entries.length });
      expect(() => cluster.check()).not.toThrow();
    }
  });

  test('a follower far behind takes in a snapshot, and what follows it', () => {
    const cluster = busy();
    cluster.snapshots(1, 3);
    cluster.restarts(3);
    cluster.installs(3, 1);
    cluster.proposes(1, 'after');
    cluster.replicates(1).commitsAll(1);
    expect(() => cluster.check().settled()).not.toThrow();
  });

  test('an old leader commits what it had on a quorum after another was elected', () => {
    const cluster = busy();
    cluster.proposes(1, 'late');
    cluster.replicates(1, [2]);
    cluster.elects(2, 3, [3]);
    cluster.commits(1, 4).applies(1, 4);
    expect(() => cluster.check()).not.toThrow();
  });

  test('a voter steps to a later term before its vote of an earlier one leaves: the disk holds the later term', () => {
    const cluster = all();
    cluster.role(2, Role.Follower, 2, { vote: 1 }).role(2, Role.Follower, 3);
    cluster.writes(2, { hardState: { term: 3, vote: 0, commit: 0 } });
    expect(() => cluster.leaves(2, { type: MessageType.VoteResp, to: 1, term: 2 })).not.toThrow();
  });

  test('acknowledged entries that a later term overwrote on the way to the disk', () => {
    const cluster = busy();
    cluster.hearsAppend(2, 1, [entry(2, 4), entry(2, 5)]).role(2, Role.Follower, 3);
    cluster.receives(2, { type: MessageType.App, from: 3, term: 3, index: 3 }).takes(2, entry(3, 4));
    cluster.writes(2, { hardState: { term: 3, vote: 0, commit: 3 }, entries: [entry(3, 4)] });
    expect(() => cluster.leaves(2, { type: MessageType.AppResp, to: 1, term: 2, index: 5 })).not.toThrow();
  });

  test('members come and go: joint in, joint out, a wiped machine under another id', () => {
    const cluster = busy();
    const joint = conf([1, 2, 4], { votersOutgoing: [1, 2, 3], autoLeave: true });
    cluster.starts(4).opens(4, { configuration: conf([]) });
    cluster.takes(1, change(2, 4));
    cluster.replicates(1, [2, 3]);
    for (const node of [1, 2, 3]) told(cluster, node, 4).reconfigures(node, 4, conf([1, 2, 3]), joint);
    for (const node of [1, 2, 3]) cluster.traces(node, { kind: TraceKind.AppliedAdvanced, applied: 4 });
    cluster.takes(1, change(2, 5));
    cluster.replicates(1, [2, 3, 4]);
    told(cluster, 4, 4)
      .applies(4, 3)
      .reconfigures(4, 4, conf([1, 2, 3]), joint);
    for (const node of [1, 2, 4]) told(cluster, node, 5).reconfigures(node, 5, joint, conf([1, 2, 4]));
    for (const node of [1, 2, 4]) cluster.traces(node, { kind: TraceKind.AppliedAdvanced, applied: 5 });
    cluster.observe({ kind: 'group-dropped', replica: cluster.id(3) });
    cluster.writes(3, { removed: true });
    cluster.role(4, Role.Follower, 2, { leader: 1 });
    expect(() => cluster.check().settled()).not.toThrow();
    expect(cluster.observed.groups.get(GROUP)?.configuration).toEqual(conf([1, 2, 4]));
  });

  test('founders have all of themselves from the start, and one by one when they replay', () => {
    const cluster = new SyntheticCluster(INVARIANTS());
    const founding = [1, 2, 3].map((index) => ({ ...change(1, index), type: EntryType.ConfChange }));
    for (const node of [1, 2, 3]) {
      cluster.starts(node).opens(node, { configuration: conf([]) });
      cluster
        .role(node, Role.Follower, 1)
        .takes(node, ...founding)
        .commits(node, 3);
      cluster.writes(node, { hardState: { term: 1, vote: 0, commit: 3 }, entries: founding });
      for (const index of [1, 2, 3]) cluster.reconfigures(node, index, conf([1, 2, 3]), conf([1, 2, 3]));
      cluster.traces(node, { kind: TraceKind.AppliedAdvanced, applied: 3 });
    }
    cluster.restarts(2, conf([]));
    cluster.reconfigures(2, 1, conf([]), conf([1])).reconfigures(2, 2, conf([1]), conf([1, 2]));
    cluster
      .reconfigures(2, 3, conf([1, 2]), conf([1, 2, 3]))
      .traces(2, { kind: TraceKind.AppliedAdvanced, applied: 3 });
    expect(() => cluster.elects(1, 2).replicates(1).commitsAll(1).check().settled()).not.toThrow();
  });
});
