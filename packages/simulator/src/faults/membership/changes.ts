import { delay } from '@flotilla/runtime';
import type { SimulatedCluster } from '../../world/simulated-cluster.js';
import type { SimulatedNode } from '../../world/simulated-node.js';
import type { FaultAction } from '../fault-action.js';
import type { Fault } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import { chosen, drawLeader, drawMachine, struckMachine } from '../targets.js';

/** So many machines may come in addition to those of the beginning. */
const MORE_MACHINES_MAX = 2;
/** Below so many members none is removed: groups of three could no longer have their voters. */
const MEMBERS_LEFT_MIN = 3;
const LOOK_MS = 250;
const LOOKS_MAX = 160;

/** A new machine joins: learner first, then voter wherever there are fewer voters than there should be. */
export const join: Fault = {
  kind: 'join',
  family: 'membership',
  everyMs: 30_000,
  draw: (_scope, prng) => ({ target: { kind: 'cluster' }, durationMs: 0, amount: 0, choice: prng.float() }),
  inject: (cluster, action) => {
    const node = newMachine(cluster);
    if (node === undefined) return;
    const joined = startNew(node).then(() => faultsInForce(cluster).tookEffect(action));
    cluster.background(`join of ${node.name}`, joined);
  },
};

/** A member is taken out of the cluster; it finds that out, and joins anew under another id, with an empty disk. */
export const remove: Fault = {
  kind: 'remove',
  family: 'membership',
  everyMs: 30_000,
  draw: (scope, prng) => ({
    target: { kind: 'node', node: prng.pick(scope.nodes) },
    durationMs: 0,
    amount: 0,
    choice: prng.float(),
  }),
  inject: removeStruck,
};

/** The same, of the member that leads a group. */
export const removeLeader: Fault = {
  kind: 'remove-leader',
  family: 'membership',
  everyMs: 30_000,
  draw: (scope, prng) => ({ target: drawLeader(scope, prng), durationMs: 0, amount: 0, choice: prng.float() }),
  inject: removeStruck,
};

/** A new machine joins and takes the place of a member, in every group by one joint change. */
export const replace: Fault = {
  kind: 'replace',
  family: 'membership',
  everyMs: 40_000,
  draw: (scope, prng) => ({ target: drawMachine(scope, prng), durationMs: 0, amount: 0, choice: prng.float() }),
  inject: (cluster, action) => {
    const old = struckMachine(cluster, action.target)?.nodeId;
    const node = old === undefined ? undefined : spareMachine(cluster);
    if (node === undefined || old === undefined) return;
    const replaced = (async () => {
      await startNew(node);
      const fresh = node.nodeId;
      if (fresh === undefined || fresh === old) return;
      await cluster.admin.members.replace(old, fresh);
      faultsInForce(cluster).tookEffect(action);
    })();
    cluster.background(`replacement of node ${old}`, replaced);
  },
};

/** The leader of a group is told to hand its leadership to another voter. */
export const transfer: Fault = {
  kind: 'transfer',
  family: 'membership',
  everyMs: 3_000,
  draw: (scope, prng) => ({ target: drawLeader(scope, prng), durationMs: 0, amount: 0, choice: prng.float() }),
  inject: (cluster, action) => {
    const { target } = action;
    const leader = struckMachine(cluster, target);
    if (target.kind !== 'leader' || leader?.running === undefined) return;
    const { members } = leader.running.groupStatus(target.group);
    const to = chosen(
      action,
      members.filter((id) => id !== leader.nodeId),
    );
    if (to === undefined) return;
    const done = cluster.admin.transfer(target.group, to).then(() => faultsInForce(cluster).tookEffect(action));
    cluster.background(`transfer of group ${target.group} to node ${to}`, done);
  },
};

function removeStruck(cluster: SimulatedCluster, action: FaultAction): void {
  const id = struckMachine(cluster, action.target)?.nodeId;
  if (id === undefined || cluster.operator.lost.size > 0) return;
  const removed = (async () => {
    await makeRoom(cluster);
    // Whoever is asked may be the one that goes, and then never answers.
    cluster.background(`removal of node ${id}`, cluster.admin.members.remove(id));
    if (await comesTrue(cluster, () => isOut(cluster, id))) faultsInForce(cluster).tookEffect(action);
  })();
  cluster.background(`removal of node ${id}`, removed);
}

/** A member may go only where as many as a group needs stay: where there are no more than that, another machine joins first. */
async function makeRoom(cluster: SimulatedCluster): Promise<void> {
  if (activeMembers(cluster) > MEMBERS_LEFT_MIN) return;
  const node = newMachine(cluster);
  if (node === undefined) return;
  await startNew(node);
  // Whoever is asked must have heard of it.
  await comesTrue(cluster, () => activeMembers(cluster) > MEMBERS_LEFT_MIN);
}

/** Resolves with true as soon as it is so, and with false where it takes too long. */
async function comesTrue(cluster: SimulatedCluster, condition: () => boolean): Promise<boolean> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    if (condition()) return true;
    await delay(cluster.director, LOOK_MS);
  }
  return condition();
}

function isOut(cluster: SimulatedCluster, id: number): boolean {
  const nodes = cluster.readyNode()?.topology().nodes;
  return nodes !== undefined && (nodes.get(id)?.state ?? 'decommissioned') === 'decommissioned';
}

function activeMembers(cluster: SimulatedCluster): number {
  const members = cluster.readyNode()?.topology().nodes.values() ?? [];
  return [...members].filter(({ state }) => state === 'active').length;
}

/** One more machine, unless there are many. */
function newMachine(cluster: SimulatedCluster): SimulatedNode | undefined {
  if (cluster.names.length >= cluster.endpoints.length + MORE_MACHINES_MAX) return undefined;
  return cluster.addMachine();
}

/** A machine that runs a member without any replica, or else one more. */
function spareMachine(cluster: SimulatedCluster): SimulatedNode | undefined {
  for (const node of cluster.nodes.values()) {
    const { running } = node;
    if (running?.lifecycle.phase === 'ready' && running.groupStatuses().length === 0) return node;
  }
  return newMachine(cluster);
}

/** Starts a machine, and resolves when its node is a member that serves. */
async function startNew(node: SimulatedNode): Promise<void> {
  await node.start();
  await node.running?.whenReady();
}
