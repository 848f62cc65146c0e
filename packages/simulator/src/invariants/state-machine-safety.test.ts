import { utf8Encode } from '@flotilla/bytes';
import { describe, expect, test } from 'vitest';
import { StateMachineSafety } from './state-machine-safety.js';
import { entry, SyntheticCluster } from './testdata/synthetic-cluster.js';

/** The first leads; entries 1 (empty), 2 and 3 are on all, and committed on the first. */
function cluster(): SyntheticCluster {
  const c = new SyntheticCluster(new StateMachineSafety()).opened().elects(1, 2);
  c.proposes(1);
  c.proposes(1);
  return c.replicates(1).commits(1, 3);
}
const applied = (c: SyntheticCluster, node: number, ...commands: ReturnType<typeof entry>[]): SyntheticCluster =>
  c.observe({ kind: 'applied', replica: c.id(node), commands, results: commands.map(() => utf8Encode('')) });

describe('state machine safety', () => {
  test('all apply the same, at their own pace, and again after a restart', () => {
    const c = cluster().applies(1, 3).commits(2, 2).applies(2, 2).commits(3, 3).applies(3, 3);
    expect(() => c.restarts(3).commits(3, 3).applies(3, 3).check()).not.toThrow();
  });

  test('two replicas hold different entries to be committed', () => {
    const c = cluster().takes(2, entry(3, 3, 'other'));
    expect(() => c.commits(2, 3)).toThrow(
      /^state-machine-safety: .* holds entry 3 of term 3 to be committed, and that of term 2 was/,
    );
  });

  test('what a removed replica committed counts as well', () => {
    const c = cluster();
    c.observe({ kind: 'group-dropped', replica: c.id(1) }).takes(2, entry(3, 3));
    expect(() => c.commits(2, 3)).toThrow(/^state-machine-safety: /);
  });

  test('a restart that begins with other committed entries', () => {
    const hardState = { term: 3, vote: 0, commit: 3 };
    const entries = [entry(2, 1, ''), entry(2, 2), entry(3, 3)];
    const c = cluster()
      .ends(2)
      .starts(2, [{ hardState, snapshotMark: undefined, entries }]);
    expect(() => c.opens(2, { ...hardState, lastIndex: 3 })).toThrow(/^state-machine-safety: /);
  });

  test('a snapshot of another term than was committed at its index', () => {
    const c = cluster()
      .commits(2, 3)
      .writes(2, { snapshotMark: { index: 3, term: 1, confState: c0 } });
    expect(() => c.installs(3, 2)).toThrow(/^state-machine-safety: .* entry 3 of term 1/);
  });

  test('a command is applied twice, or left out, or with other content', () => {
    const [first, second] = cluster().replica(1).log.entries.slice(1);
    if (first === undefined || second === undefined) throw new Error('no entries');
    expect(() => applied(applied(cluster(), 1, first), 1, first)).toThrow(
      /^state-machine-safety: .* applied command 2 of term 2 after 2/,
    );
    expect(() => applied(cluster(), 1, second)).toThrow(
      /^state-machine-safety: .* applied command 3 of term 2 and left 2 out/,
    );
    expect(() => applied(cluster(), 1, entry(2, 2, 'other'))).toThrow(/^state-machine-safety: .* with other content/);
    expect(() => applied(cluster(), 1, entry(1, 2))).toThrow(
      /^state-machine-safety: .* where that of term 2 was committed/,
    );
  });

  test('a command is applied before it is committed', () => {
    const c = cluster();
    const early = c.proposes(1);
    expect(() => applied(applied(c, 1, ...c.replica(1).log.entries.slice(1, 3)), 1, early)).toThrow(
      /^state-machine-safety: .* applied command 4 of term 2 while only 3 is committed/,
    );
    expect(() => applied(cluster(), 2, entry(2, 2))).toThrow(/^state-machine-safety: .* while only 0 is committed/);
  });
});

const c0 = { voters: [1, 2, 3], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
