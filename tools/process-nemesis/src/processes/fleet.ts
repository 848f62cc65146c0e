import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { GroupReport, NodeReport } from '@flotilla/client';
import type { Prng } from '@flotilla/runtime/virtual';
import { Network } from '../network/network.js';
import { Disk, type DiskKind } from './disk.js';
import { freePorts } from './free-ports.js';
import { ServerProcess, type Settings } from './server-process.js';
import { until } from './until.js';

/** What a fleet is made of. */
export interface FleetOptions {
  /** All that it writes lies below. */
  readonly folder: string;
  readonly program: string;
  readonly preload: string;
  /** Members of the cluster when it is well. */
  readonly members: number;
  /** Places beyond them, for members to come. */
  readonly spares: number;
  /** Data groups. */
  readonly groups: number;
  readonly disk: DiskKind;
  readonly settings: Settings;
  readonly random: Prng;
}

/** All places of a cluster: the processes there, and the network between them. */
export class Fleet implements AsyncDisposable {
  readonly places: readonly ServerProcess[];
  readonly network: Network;
  readonly members: number;
  readonly groups: number;
  /** Voters that a data group has when it is well. */
  readonly replicas: number;

  private constructor(places: readonly ServerProcess[], network: Network, { members, groups }: FleetOptions) {
    this.places = places;
    this.network = network;
    this.members = members;
    this.groups = groups;
    this.replicas = Math.min(3, members);
  }

  /** Lays out the places; starts no process. */
  static async layOut(options: FleetOptions): Promise<Fleet> {
    const count = options.members + options.spares;
    const ports = await freePorts(2 * count);
    const listenPorts = ports.slice(0, count);
    const network = await Network.start(listenPorts, options.random.fork('network'));
    const places: ServerProcess[] = [];
    for (const [place, listenPort] of listenPorts.entries()) {
      const folder = join(options.folder, `node-${place + 1}`);
      await mkdir(folder, { recursive: true });
      places.push(
        new ServerProcess({
          place,
          folder,
          disk: await Disk.make(join(folder, 'disk'), options.disk),
          program: options.program,
          preload: options.preload,
          listenPort,
          httpPort: ports[count + place] ?? 0,
          dials: network.dialsOf(place),
          settings: { numGroups: options.groups, ...options.settings },
        }),
      );
    }
    return new Fleet(places, network, options);
  }

  /** Starts the first members. */
  found(): void {
    const first = this.places.slice(0, this.members);
    for (const server of first) server.start(first.map((one) => one.listen));
  }

  /** A place by its number. */
  at(place: number): ServerProcess {
    const server = this.places[place];
    if (server === undefined) throw new Error(`there is no place ${place}`);
    return server;
  }

  /** Those with a process, paused or not. */
  get running(): ServerProcess[] {
    return this.places.filter((server) => server.isRunning);
  }

  /** Addresses of those with a process; of all where none has one. */
  get endpoints(): string[] {
    const { running } = this;
    return (running.length === 0 ? this.places : running).map((server) => server.listen);
  }

  /** What the processes say of themselves, by place; those that do not answer are left out. */
  async reports(): Promise<Map<number, NodeReport>> {
    const asked = this.running
      .filter((server) => !server.isPaused)
      .map(async (server) => [server.place, await server.report().catch(() => undefined)] as const);
    const reports = new Map<number, NodeReport>();
    for (const [place, report] of await Promise.all(asked)) if (report !== undefined) reports.set(place, report);
    return reports;
  }

  /** Where the leader of a group runs, as far as anybody says. */
  async leaderPlace(group: number): Promise<number | undefined> {
    return leaderOf(await this.reports(), group)?.place;
  }

  /** Waits until all run, are ready, lead every group and have applied all that is committed. @throws with what is missing */
  async settled(deadlineMs: number): Promise<Map<number, NodeReport>> {
    let reports = new Map<number, NodeReport>();
    try {
      return await until(
        'the cluster is well',
        async () => {
          reports = await this.reports();
          return this.#complaint(reports) === undefined && reports;
        },
        deadlineMs,
        () => this.places.some((server) => server.unexpectedEnds.length > 0),
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${this.#complaint(reports) ?? 'it is now'}`, { cause: error });
    }
  }

  #complaint(reports: ReadonlyMap<number, NodeReport>): string | undefined {
    const { running } = this;
    if (running.length !== this.members) return `${running.length} processes run, ${this.members} should`;
    if (reports.size !== running.length) return `${reports.size} of ${running.length} processes answer`;
    for (const [place, { lifecycle, lifecycleDetail }] of reports) {
      if (lifecycle !== 'ready') return `${this.at(place).name} is ${lifecycle} (${lifecycleDetail})`;
    }
    for (let group = 0; group <= this.groups; group++) {
      const leader = leaderOf(reports, group);
      if (leader === undefined) return `group ${group} has no leader`;
      const { voters, learners, commitIndex } = leader.view;
      const wanted = group === 0 ? Math.min(5, this.members) : this.replicas;
      if (voters.length !== wanted || learners.length > 0) {
        return `group ${group} has voters ${voters.join(' ')} and learners ${learners.join(' ')}`;
      }
      for (const voter of voters) {
        const view = [...reports.values()].find((one) => one.id === voter)?.groups.find((one) => one.group === group);
        if (view === undefined) return `nobody here is voter ${voter} of group ${group}`;
        if (view.stopped !== null) return `group ${group} stopped on node ${voter}: ${view.stopped}`;
        if (view.appliedIndex !== commitIndex) {
          return `node ${voter} has applied ${view.appliedIndex} of ${commitIndex} entries of group ${group}`;
        }
      }
    }
    return undefined;
  }

  /** Ends what is left and unmounts the disks. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.places.map(async (server) => await server.kill()));
    for (const server of this.places) server.disk.unmount();
    await this.network[Symbol.asyncDispose]();
  }
}

/** A group's leader of the highest term that any process claims to be. */
export function leaderOf(
  reports: ReadonlyMap<number, NodeReport>,
  group: number,
): { readonly place: number; readonly view: GroupReport } | undefined {
  let found: { readonly place: number; readonly view: GroupReport } | undefined;
  for (const [place, report] of reports) {
    for (const view of report.groups) {
      if (view.group !== group || view.role !== 'leader') continue;
      if (found === undefined || view.term > found.view.term) found = { place, view };
    }
  }
  return found;
}
