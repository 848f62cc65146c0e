import { MessageType, Role, TraceKind } from '@flotilla/raft-core';
import { describe, expect, test } from 'vitest';
import { OnlyVotersLead } from './only-voters-lead.js';
import { change, conf, SyntheticCluster } from './testdata/synthetic-cluster.js';

const cluster = (): SyntheticCluster => new SyntheticCluster(new OnlyVotersLead()).opened();

describe('only voters lead', () => {
  test('a voter campaigns, leads, and may have a change of membership in its log that is not committed', () => {
    const c = cluster().takes(1, change(1, 1));
    expect(() => c.elects(1, 2).sends(1, { type: MessageType.App, to: 2, term: 2 })).not.toThrow();
  });

  test.each([
    ['pre-candidate', Role.PreCandidate],
    ['candidate', Role.Candidate],
  ])('a %s without a vote', (_, role) => {
    const learner = conf([2, 3], { learners: [1] });
    const c = cluster().traces(1, { kind: TraceKind.ConfigurationSwitched, configuration: learner });
    expect(() => c.role(1, role, 2)).toThrow(/^only-voters-lead: .* has no vote in its configuration/);
  });

  test('a campaign with a committed change of membership that is not applied', () => {
    const c = cluster().takes(1, change(1, 1)).commits(1, 1);
    expect(() => c.role(1, Role.PreCandidate, 1)).toThrow(/^only-voters-lead: .* has not applied .* at 1/);
    const applied = cluster()
      .takes(1, change(1, 1))
      .commits(1, 1)
      .traces(1, { kind: TraceKind.AppliedAdvanced, applied: 1 });
    expect(() => applied.role(1, Role.PreCandidate, 1)).not.toThrow();
  });

  test('a leader that has applied its own removal sends on', () => {
    const c = cluster()
      .elects(1, 2)
      .traces(1, { kind: TraceKind.ConfigurationSwitched, configuration: conf([2, 3]) });
    expect(() => c.sends(1, { type: MessageType.App, to: 2, term: 2 })).toThrow(
      /^only-voters-lead: .* sends as leader/,
    );
  });

  test('the outgoing half of a joint configuration leads on', () => {
    const joint = conf([2, 3, 4], { votersOutgoing: [1, 2, 3] });
    const c = cluster().elects(1, 2).traces(1, { kind: TraceKind.ConfigurationSwitched, configuration: joint });
    expect(() => c.sends(1, { type: MessageType.App, to: 2, term: 2 })).not.toThrow();
  });
});
