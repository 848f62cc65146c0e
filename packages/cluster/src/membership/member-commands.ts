import { FlotillaError } from '@flotilla/errors';
import { type LeaderHints, METADATA_GROUP, nodesInState } from '@flotilla/routing';
import type { ClusterView } from '../metadata/cluster-view.js';
import type { MetadataEntry, TopologyChange } from '../metadata/metadata-entry.js';
import type { MetadataOutcome } from '../metadata/metadata-proposals.js';
import type { MetadataState } from '../metadata/metadata-state.js';
import type { WaitOptions } from '../multi-raft/multi-raft.js';
import type { AddedMember, Member, Members, PinChange } from './members.js';
import type { MemberCommand, MemberDecision } from './membership-requests.js';

/** What decisions on nodes need of group 0's leader. */
export interface MemberDecisionsOptions {
  readonly nodeId: number;
  readonly propose: (entry: MetadataEntry, options: WaitOptions) => Promise<MetadataOutcome>;
  readonly isAlive: (node: number) => boolean;
  readonly state: () => MetadataState;
}

/**
 * Decides a member command on group 0's leader; resolves once the decision is applied there. What is safe depends on which nodes can be
 * reached now, so that goes into the command, and every replica decides alike.
 */
export async function decideMemberCommand(
  command: MemberCommand,
  options: MemberDecisionsOptions,
  wait: WaitOptions = {},
): Promise<MemberDecision> {
  const change = changeOf(command, options);
  const { node, index } = await options.propose({ kind: 'topology', change }, wait);
  return { node, index };
}

function changeOf(command: MemberCommand, options: MemberDecisionsOptions): TopologyChange {
  switch (command.kind) {
    case 'add':
      return { kind: 'reserve', node: command.node };
    case 'pin':
      return command;
    case 'remove':
    case 'replace':
      return {
        kind: 'drain',
        node: command.node,
        replacement: command.kind === 'replace' ? command.replacement : 0,
        reachable: reachableNodes(options),
      };
  }
}

function reachableNodes({ nodeId, isAlive, state }: MemberDecisionsOptions): number[] {
  return [...state().topology.nodes.keys()].filter((node) => node === nodeId || isAlive(node));
}

/** What the face of members needs of its node. */
export interface MemberCommandsOptions {
  readonly view: ClusterView;
  readonly hints: LeaderHints;
  /** Has group 0's leader decide. */
  readonly decide: (command: MemberCommand, options: WaitOptions) => Promise<MemberDecision>;
}

/** The face of members on any node. */
export class MemberCommands implements Members {
  readonly #options: MemberCommandsOptions;

  constructor(options: MemberCommandsOptions) {
    this.#options = options;
  }

  list(): readonly Member[] {
    const { view, hints } = this.#options;
    const groups = [...view.state.routing.groups.values()];
    return [...view.state.topology.nodes.values()].map((node) => ({
      node,
      voterOf: groups.filter(({ voters }) => voters.includes(node.id)).map(({ group }) => group),
      learnerOf: groups.filter(({ learners }) => learners.includes(node.id)).map(({ group }) => group),
      leaderOf: groups.filter(({ group }) => hints.get(group)?.leader === node.id).map(({ group }) => group),
    }));
  }

  async add(request: { readonly nodeId?: number } = {}, options: WaitOptions = {}): Promise<AddedMember> {
    const { node } = await this.#options.decide({ kind: 'add', node: request.nodeId ?? 0 }, options);
    const { clusterId, topology, routing } = this.#options.view.state;
    const metadata = routing.groups.get(METADATA_GROUP);
    const members = nodesInState(topology, 'active').filter(({ id }) => metadata?.voters.includes(id) === true);
    return { nodeId: node, clusterId: clusterId ?? '', seeds: members.flatMap(({ addresses }) => addresses) };
  }

  async remove(node: number, options: WaitOptions = {}): Promise<void> {
    await this.#options.decide({ kind: 'remove', node }, options);
    await this.#untilOut(node, options.signal);
  }

  async replace(oldNode: number, newNode: number, options: WaitOptions = {}): Promise<void> {
    await this.#options.decide({ kind: 'replace', node: oldNode, replacement: newNode }, options);
    await this.#untilOut(oldNode, options.signal);
  }

  async pin(node: number, { add = [], remove = [] }: PinChange, options: WaitOptions = {}): Promise<void> {
    for (const key of [...add, ...remove]) checkPin(key);
    await this.#options.decide({ kind: 'pin', node, add, remove }, options);
  }

  #untilOut(node: number, signal: AbortSignal | undefined): Promise<void> {
    const { view } = this.#options;
    const isOut = (): boolean => view.state.topology.nodes.get(node)?.state === 'decommissioned';
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        unwatch();
        reject(abortedWhile(node, signal));
      };
      const settle = (): void => {
        if (!isOut()) return;
        unwatch();
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const unwatch = view.watch(settle);
      if (signal?.aborted === true) onAbort();
      else signal?.addEventListener('abort', onAbort, { once: true });
      settle();
    });
  }
}

function checkPin(key: string): void {
  if (/^[0-9a-f]{64}$/.test(key)) return;
  const reason = `${JSON.stringify(key.slice(0, 80))} is not a SHA-256 of a public key in 64 lower-case hexadecimal digits`;
  throw new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'pin', reason } });
}

function abortedWhile(node: number, signal: AbortSignal | undefined): FlotillaError {
  return new FlotillaError('Aborted', {
    message: `waiting for node ${node} to be out was given up; the change goes on`,
    details: {},
    cause: signal?.reason,
  });
}
