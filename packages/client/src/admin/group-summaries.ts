import type { GroupReport, GroupSummary, NodeReport } from './node-report.js';

/**
 * The cluster's groups from what its nodes say: leader of the highest term, and members as the replica sees them that has
 * applied most.
 */
export function groupSummaries(reports: readonly NodeReport[]): GroupSummary[] {
  const replicas = new Map<number, ({ readonly node: number } & GroupReport)[]>();
  for (const report of reports) {
    for (const group of report.groups) {
      const list = replicas.get(group.group);
      if (list === undefined) replicas.set(group.group, [{ node: report.id, ...group }]);
      else list.push({ node: report.id, ...group });
    }
  }
  return [...replicas].sort(([a], [b]) => a - b).map(([group, list]) => summary(group, list));
}

function summary(group: number, replicas: ({ readonly node: number } & GroupReport)[]): GroupSummary {
  replicas.sort((a, b) => a.node - b.node);
  let newest: GroupReport | undefined;
  let leader = 0;
  let leaderTerm = 0;
  let term = 0;
  for (const replica of replicas) {
    if (newest === undefined || replica.appliedIndex > newest.appliedIndex) newest = replica;
    term = Math.max(term, replica.term);
    if (replica.leader !== 0 && replica.term > leaderTerm) {
      leader = replica.leader;
      leaderTerm = replica.term;
    }
  }
  return {
    group,
    leader: leader === 0 ? undefined : leader,
    term,
    voters: newest?.voters ?? [],
    learners: newest?.learners ?? [],
    vshardCount: newest?.vshardCount ?? 0,
    replicas,
  };
}
