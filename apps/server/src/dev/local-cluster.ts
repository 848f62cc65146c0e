import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { makeFolders } from '@flotilla/storage-node';
import type { ServerStatus } from '../serve/host-status.js';
import { type ClusterFile, type LocalNode, readClusterFile, writeClusterFile } from './cluster-file.js';
import { freePort, isPortFree } from './ports.js';
import { adoptServer, type ServerProcess, startServer } from './server-process.js';

/** What a local cluster is made of. */
export interface LocalClusterOptions {
  /** All data stays below it. */
  readonly folder: string;
  readonly nodes: number;
  readonly groups: number;
  readonly replicationFactor: number;
  /** First port for peers and clients. */
  readonly basePort: number;
  /** First port for HTTP. */
  readonly httpBasePort: number;
  /** Path of the flotilla program. */
  readonly program: string;
  /** Something that a person should know. */
  readonly say: (line: string) => void;
}

const POLL_MS = 50;
const STOP_MS = 15_000;

/** Three (or N) server processes on this machine, kept as one thing. */
export class LocalServers {
  readonly processes: readonly ServerProcess[];
  readonly #file: ClusterFile;

  private constructor(processes: readonly ServerProcess[], file: ClusterFile) {
    this.processes = processes;
    this.#file = file;
  }

  /** Starts what is not already running. Data of an earlier start is used again. */
  static async start(options: LocalClusterOptions): Promise<LocalServers> {
    const { file, running } = await plan(options);
    await writeClusterFile(options.folder, file);
    const seeds = file.nodes.map((node) => node.listen);
    const processes: ServerProcess[] = [];
    for (const node of file.nodes) {
      const pid = running.get(node.name);
      if (pid === undefined) {
        await writeConfiguration(node, seeds, file);
        processes.push(startServer(node, options.program));
      } else {
        options.say(`${node.name} is already running (pid ${pid}); taking it over`);
        processes.push(adoptServer(node, pid));
      }
    }
    return new LocalServers(processes, file);
  }

  /**
   * Waits until every server is ready, every group has a leader and its full number of voters, and leaders are spread evenly;
   * `progress` is told how many groups are that far.
   *
   * @throws when a server ends before that, with the place of its log; or when `signal` aborts.
   */
  async ready(signal: AbortSignal, progress: (done: number, total: number) => void): Promise<readonly ServerStatus[]> {
    const { groups, replicationFactor } = this.#file;
    const nodes = this.processes.length;
    for (;;) {
      signal.throwIfAborted();
      await this.#refuseEnded();
      const states = await Promise.all(this.processes.map((server) => fetchStatus(server.node)));
      const known = states.filter((state) => state !== undefined);
      const settled = settledGroups(known, groups, Math.min(replicationFactor, nodes));
      progress(settled, groups + 1);
      const isReady = known.length === nodes && known.every((state) => state.lifecycle === 'ready');
      if (isReady && settled === groups + 1 && isEven(known)) return known;
      await new Promise((wake) => setTimeout(wake, POLL_MS));
    }
  }

  async #refuseEnded(): Promise<void> {
    for (const server of this.processes) {
      if (server.isRunning()) continue;
      const { code, signal } = await server.ended;
      const log = join(server.node.folder, 'server.log');
      throw new Error(
        `${server.node.name} ended before it was ready (${signal ?? `exit code ${code}`}): ${await lastLine(log)}\n  Its log: ${log}`,
      );
    }
  }

  /** Stops every server in good order; one that does not end in time is killed. Resolves with the names of those. */
  async stop(): Promise<readonly string[]> {
    const killed: string[] = [];
    await Promise.all(
      this.processes.map(async (server) => {
        if (!server.isRunning()) return;
        server.kill('SIGTERM');
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<'late'>((resolve) => {
          timer = setTimeout(() => resolve('late'), STOP_MS);
        });
        if ((await Promise.race([server.ended, late])) === 'late') {
          killed.push(server.node.name);
          server.kill('SIGKILL');
          await server.ended;
        }
        clearTimeout(timer);
      }),
    );
    return killed;
  }
}

/** How many groups, group 0 among them, have exactly one leader and all their voters. */
function settledGroups(states: readonly ServerStatus[], groups: number, voters: number): number {
  let settled = 0;
  for (let group = 0; group <= groups; group++) {
    const leaders = states.flatMap((state) =>
      state.groups.filter((one) => one.group === group && one.role === 'leader'),
    );
    if (leaders.length === 1 && leaders[0]?.voters.length === voters) settled += 1;
  }
  return settled;
}

/** Leadership of the data groups is even within one. */
function isEven(states: readonly ServerStatus[]): boolean {
  const led = states.map(
    (state) => state.groups.filter((group) => group.group !== 0 && group.role === 'leader').length,
  );
  return Math.max(...led) - Math.min(...led) <= 1;
}

async function lastLine(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').at(-1) ?? '';
}

/** The `/status` of a server, or undefined while it does not answer. */
export async function fetchStatus(node: Pick<LocalNode, 'http'>): Promise<ServerStatus | undefined> {
  try {
    const response = await fetch(`${node.http}/status`, { signal: AbortSignal.timeout(2_000) });
    return response.ok ? ((await response.json()) as ServerStatus) : undefined;
  } catch {
    // Not listening, not yet or no more: the caller asks again.
    return undefined;
  }
}

async function plan(options: LocalClusterOptions): Promise<{ file: ClusterFile; running: Map<string, number> }> {
  const stored = await readClusterFile(options.folder);
  const running = new Map<string, number>();
  const nodes: LocalNode[] = [];
  const taken = new Set<number>();
  const { groups, replicationFactor } = stored ?? options;
  if (stored !== undefined) sayDifferences(stored, options);
  const count = stored?.nodes.length ?? options.nodes;
  for (let place = 0; place < count; place++) {
    const before = stored?.nodes[place];
    const name = before?.name ?? `node-${place + 1}`;
    if (before !== undefined) {
      const status = await fetchStatus(before);
      if (status?.dataFolder === join(resolve(before.folder), 'data')) {
        running.set(name, status.pid);
        nodes.push(before);
        taken.add(portOf(before.listen)).add(portOf(before.http));
        continue;
      }
    }
    const folder = resolve(options.folder, name);
    await makeFolders(folder);
    const listen = await choose(before?.listen, options.basePort + place, taken, name, 'peers and clients', options);
    const http = await choose(before?.http, options.httpBasePort + place, taken, name, 'HTTP', options);
    nodes.push({
      name,
      listen: `ws://127.0.0.1:${listen}`,
      http: `http://127.0.0.1:${http}`,
      folder,
      config: join(folder, 'flotilla.json'),
    });
  }
  return { file: { version: 1, groups, replicationFactor, nodes }, running };
}

/** A cluster that exists keeps its shape, whatever this start asks for. */
function sayDifferences(
  stored: ClusterFile,
  { nodes, groups, replicationFactor, folder, say }: LocalClusterOptions,
): void {
  if (stored.nodes.length === nodes && stored.groups === groups && stored.replicationFactor === replicationFactor)
    return;
  say(
    `the cluster in ${folder} has ${stored.nodes.length} servers, ${stored.groups} data groups and ` +
      `replication factor ${stored.replicationFactor}; starting it as it is`,
  );
}

async function choose(
  before: string | undefined,
  usual: number,
  taken: Set<number>,
  name: string,
  what: string,
  { say, basePort, httpBasePort }: LocalClusterOptions,
): Promise<number> {
  const wanted = before === undefined ? usual : portOf(before);
  const port =
    !taken.has(wanted) && (await isPortFree(wanted))
      ? wanted
      : await freePort(Math.max(basePort, httpBasePort) + 100, taken);
  if (port !== wanted) say(`port ${wanted} is taken: ${name} uses ${port} for ${what}`);
  taken.add(port);
  return port;
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

async function writeConfiguration(node: LocalNode, seeds: readonly string[], file: ClusterFile): Promise<void> {
  const configuration = {
    nodeName: node.name,
    listen: [node.listen],
    seeds,
    http: node.http,
    numGroups: file.groups,
    replicationFactor: file.replicationFactor,
    dataFolder: join(node.folder, 'data'),
    logFormat: 'json',
  };
  await writeFile(node.config, `${JSON.stringify(configuration, null, 2)}\n`);
}
