import type { GroupObserver, GroupStatus, LeaderHint, NodeStatus, ProposalSink, ReadSink } from '@flotilla/cluster';
import { FlotillaError } from '@flotilla/errors';
import { createRoutingTable, EMPTY_TOPOLOGY, type RoutingTable, uniformVshardMap } from '@flotilla/routing';
import type { Runtime } from '@flotilla/runtime';
import type { Connection } from '@flotilla/transport';
import { decodeSessionEnvelope } from '@flotilla/wire';
import type { EndpointNode } from '../src/endpoint.js';
import type { KvGroups } from '../src/index.js';

/** A cluster of one node without Raft: proposals are applied, and reads are ready, in the next turn. Leads what `leads` says. */
export class FakeNode implements EndpointNode {
  readonly nodeId = 1;
  readonly clusterId = 'ab'.repeat(16);
  readonly leads = new Map<number, number>();
  readonly #groups: KvGroups;
  readonly #runtime: Runtime;
  readonly #routing: RoutingTable;
  readonly #observers = new Set<GroupObserver>();
  #index = 0;
  accept: ((connection: Connection) => void) | undefined;
  /** Holds reads back until the test lets them go. */
  readsHeld: (() => void)[] | undefined;
  proposals = 0;
  reads = 0;
  applied = { commitIndex: 0, appliedIndex: 0 };

  constructor(groups: KvGroups, runtime: Runtime, dataGroups: number) {
    this.#groups = groups;
    this.#runtime = runtime;
    const placements = Array.from({ length: dataGroups + 1 }, (_, group) => ({
      group,
      incarnation: 0,
      confIndex: 0,
      voters: [1],
      learners: [],
    }));
    this.#routing = createRoutingTable(placements, uniformVshardMap(dataGroups));
    for (let group = 1; group <= dataGroups; group++) {
      groups.stateMachine(group);
      this.leads.set(group, 1);
    }
  }

  readonly topology = () => EMPTY_TOPOLOGY;
  readonly routing = () => this.#routing;

  leaderHint(group: number): LeaderHint | undefined {
    const node = this.leads.get(group) ?? 0;
    return node === 0 ? undefined : { node, address: `mem://n${node}:1` };
  }

  groupStatus(group: number): GroupStatus {
    if (!this.leads.has(group)) throw new FlotillaError('GroupNotFound', { message: 'none', details: { group } });
    const role = this.leads.get(group) === 1 ? 'leader' : 'follower';
    return { group, role, leader: this.leads.get(group), term: 1, ...this.applied } as unknown as GroupStatus;
  }

  groupStatuses(): readonly GroupStatus[] {
    return [...this.leads.keys()].map((group) => this.groupStatus(group));
  }

  submit(group: number, envelope: Uint8Array, sink: ProposalSink, slot: number): void {
    this.proposals++;
    if (this.leads.get(group) !== 1) {
      sink.failed(slot, new FlotillaError('NotLeader', { message: 'not here', details: { group } }));
      return;
    }
    this.#runtime.nextTurn(() => {
      const { kind, ...rest } = decodeSessionEnvelope(envelope);
      const command = kind === 'bare' || kind === 'command' ? (rest as { command: Uint8Array }).command : undefined;
      const index = ++this.#index;
      const results =
        command === undefined ? [] : this.#groups.machine(group)!.apply([{ index, term: 1, data: command }]);
      const result = Uint8Array.from([0, ...(results[0] ?? [])]);
      sink.applied(slot, group, index, 1, result);
    });
  }

  submitRead(group: number, sink: ReadSink, slot: number): void {
    this.reads++;
    const go = (): void => {
      if (this.leads.has(group)) sink.ready(slot, group, this.#index);
      else sink.failed(slot, new FlotillaError('GroupNotFound', { message: 'none', details: { group } }));
    };
    if (this.readsHeld === undefined) this.#runtime.nextTurn(go);
    else this.readsHeld.push(go);
  }

  observe(observer: GroupObserver): () => void {
    this.#observers.add(observer);
    return () => this.#observers.delete(observer);
  }

  /** Moves leadership; 0: nobody leads. */
  elect(group: number, leader: number): void {
    this.leads.set(group, leader);
    for (const observer of this.#observers) {
      observer.leaderChanged?.({ group, leader, term: 2, role: leader === 1 ? 2 : 0 });
    }
  }

  remove(group: number): void {
    this.leads.delete(group);
    for (const observer of this.#observers) observer.groupRemoved?.(group);
  }

  readonly pinned: { readonly node: number; readonly add: readonly string[]; readonly remove: readonly string[] }[] =
    [];
  readonly members: EndpointNode['members'] = {
    list: () => [],
    add: () => Promise.resolve({ nodeId: 9, clusterId: this.clusterId, seeds: ['mem://n1:1'] }),
    remove: (node) =>
      Promise.reject(
        new FlotillaError('UnsafeMembershipChange', {
          message: `node ${node} is needed`,
          details: { node, group: 1, voters: 1, required: 2 },
        }),
      ),
    replace: () => Promise.resolve(),
    pin: (node, { add = [], remove = [] }) => {
      this.pinned.push({ node, add, remove });
      return Promise.resolve();
    },
  };

  transfer(group: number, to: number): Promise<void> {
    this.elect(group, to);
    return Promise.resolve();
  }

  serveClients(accept: (connection: Connection) => void): void {
    this.accept = accept;
  }

  status(): NodeStatus {
    return { id: 1, name: 'one', groups: [] } as unknown as NodeStatus;
  }
}
