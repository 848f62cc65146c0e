import { ConfChangeType, type ConfChangeSingle } from '../src/index.js';
import { TestCluster, type NodeOptions } from './test-cluster.js';

/** Single changes, by what they do. */
export const add = (nodeId: number): ConfChangeSingle => ({ type: ConfChangeType.AddNode, nodeId });

export const learn = (nodeId: number): ConfChangeSingle => ({ type: ConfChangeType.AddLearnerNode, nodeId });

export const remove = (nodeId: number): ConfChangeSingle => ({ type: ConfChangeType.RemoveNode, nodeId });

export const update = (nodeId: number): ConfChangeSingle => ({ type: ConfChangeType.UpdateNode, nodeId });

/** A group of three voters. */
export const three = { voters: [1, 2, 3] } as const;

/** A group, and nodes beside it that are in no configuration. */
export function withSpares(
  voters: readonly number[],
  spares: readonly number[],
  options: NodeOptions = {},
): TestCluster {
  const cluster = TestCluster.of({ voters }, options);
  for (const id of spares) cluster.add(id, undefined, options);
  return cluster;
}

/** Short for expectations: `1 2 3 & 1 2 learners 4 next 3 auto`. */
export function configurationOf(cluster: TestCluster, id: number): string {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = cluster.raw(id).configuration;
  let text = voters.join(' ');
  if (votersOutgoing.length > 0) text += ` & ${votersOutgoing.join(' ')}`;
  if (learners.length > 0) text += ` learners ${learners.join(' ')}`;
  if (learnersNext.length > 0) text += ` next ${learnersNext.join(' ')}`;
  return autoLeave ? `${text} auto` : text;
}
