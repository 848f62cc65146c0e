import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ServerStatus } from '../../src/serve/host-status.js';
import { freePorts } from './ports.js';
import { type Ran, type Running, start } from './program.js';
import { commandLine, type RuntimeName, runtimeOfServer, serverPermissions } from './runtimes.js';
import { isCaughtUp, isSettled, statusAt, statusesAt } from './status.js';
import { until } from './until.js';

/** Settings as the file of `flotilla serve` has them. */
export type Settings = Readonly<Record<string, unknown>>;

/** One server that a test starts, kills and wipes. */
export class TestServer {
  readonly name: string;
  readonly folder: string;
  readonly listen: string;
  readonly http: string;
  readonly runtime: RuntimeName;
  /** Flags of Node that come before the program, where it runs on Node. */
  nodeFlags: readonly string[] = [];
  #settings: Settings;
  #running: Running | undefined;

  constructor(
    name: string,
    folder: string,
    ports: readonly number[],
    settings: Settings,
    runtime: RuntimeName = runtimeOfServer(0),
  ) {
    this.name = name;
    this.runtime = runtime;
    this.folder = folder;
    // Where it listens on one address of a test's choice, it is reached there, and else by WebSocket.
    const [chosen, ...others] = (settings['listen'] ?? []) as readonly string[];
    const webSocket = `${settings['tlsCa'] === undefined ? 'ws' : 'wss'}://127.0.0.1:${ports[0]}`;
    this.listen = chosen !== undefined && others.length === 0 ? chosen : webSocket;
    this.http = `http://127.0.0.1:${ports[1]}`;
    this.#settings = settings;
  }

  /** The data folder. */
  get data(): string {
    return join(this.folder, 'data');
  }

  /** The process; the last one after its end. */
  get running(): Running {
    if (this.#running === undefined) throw new Error(`${this.name} was never started`);
    return this.#running;
  }

  /** Whether its process lives. */
  get isRunning(): boolean {
    return this.#running?.isRunning ?? false;
  }

  /** Whether its process ended, and not because a test killed it. */
  get endedByItself(): boolean {
    return this.#running !== undefined && !this.#running.isRunning && !this.#running.child.killed;
  }

  /** Starts it with its settings and these; they stay. */
  async start(settings: Settings = {}): Promise<Running> {
    this.#settings = { ...this.#settings, ...settings };
    await mkdir(this.folder, { recursive: true });
    const config = join(this.folder, 'flotilla.json');
    const whole = { nodeName: this.name, listen: [this.listen], http: this.http, dataFolder: this.data };
    const written = { ...whole, ...this.#settings };
    await writeFile(config, JSON.stringify(written));
    const { command, args } = commandLine(this.runtime, this.#permissions(String(written.dataFolder)));
    const on = { command, args: this.runtime === 'node' ? [...this.nodeFlags, ...args] : args };
    this.#running = start(['serve', '--config', config], { cwd: this.folder, on });
    return this.#running;
  }

  /** All that a server may do on Deno here: no more than docs/operating.md says. */
  #permissions(data: string): string[] {
    const { tlsCa, tlsCert, tlsKey, listen = [this.listen] } = this.#settings;
    const files = [tlsCa, tlsCert, tlsKey].filter((file) => typeof file === 'string');
    const quic = (listen as readonly string[]).some((address) => address.startsWith('quic:'));
    // The data folder is made at the first start, in the folder above it.
    const read = [...new Set([this.folder, dirname(data), ...files])];
    return serverPermissions({ net: ['127.0.0.1'], read, write: [data], quic });
  }

  /** As a crash does it. */
  async kill(): Promise<Ran> {
    return await this.running.end('SIGKILL');
  }

  /** In good order. */
  async stop(): Promise<Ran> {
    return await this.running.end('SIGTERM');
  }

  async status(): Promise<ServerStatus> {
    return await statusAt(this.http);
  }

  /** The answer of one of its HTTP paths. */
  async get(path: string): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
    const response = await fetch(`${this.http}${path}`, { signal: AbortSignal.timeout(5_000) });
    return {
      status: response.status,
      type: response.headers.get('content-type') ?? '',
      text: await response.text(),
    };
  }

  /** Waits until it is ready; ends early, with what it said, when the process does. */
  async ready(deadlineMs = 60_000): Promise<void> {
    await until(
      `${this.name} is ready`,
      async () => (await this.get('/readyz')).status === 200,
      deadlineMs,
      () => !this.running.isRunning,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.running.stderr.slice(-4_000)}`, { cause: error });
    });
  }
}

/** Servers of one cluster, each a process that the test started itself. */
export class Servers implements AsyncDisposable {
  readonly list: TestServer[] = [];
  readonly groups: number;
  readonly #folder: string;
  readonly #settings: Settings;

  private constructor(folder: string, groups: number, settings: Settings) {
    this.#folder = folder;
    this.groups = groups;
    this.#settings = { numGroups: groups, logFormat: 'text', ...settings };
  }

  /** Starts `count` servers at once and waits until every group is whole. */
  static async start(
    folder: string,
    {
      count = 3,
      groups = 8,
      settings = {},
      voters = Math.min(3, count),
      perServer = () => ({}),
      nodeFlags = () => [],
      runtimes = (place) => runtimeOfServer(place - 1),
    }: {
      count?: number;
      groups?: number;
      settings?: Settings;
      voters?: number;
      /** By place from 1 on, and the port that it listens on. */
      perServer?: (place: number, port: number) => Settings;
      /** Flags of Node, by place. */
      nodeFlags?: (place: number) => readonly string[];
      /** What each runs on, by place (default: as the environment says). */
      runtimes?: (place: number) => RuntimeName;
    } = {},
  ): Promise<Servers> {
    const servers = new Servers(folder, groups, settings);
    for (let place = 1; place <= count; place++) {
      const server = await servers.prepare(`node-${place}`, (port) => perServer(place, port), runtimes(place));
      server.nodeFlags = nodeFlags(place);
    }
    const seeds = servers.list.map((server) => server.listen);
    try {
      for (const server of servers.list) await server.start({ seeds });
      await servers.settled(voters);
    } catch (error) {
      await servers[Symbol.asyncDispose]();
      throw error;
    }
    return servers;
  }

  /** One more server, not started. */
  async prepare(
    name: string,
    settings: Settings | ((port: number) => Settings) = {},
    runtime: RuntimeName = runtimeOfServer(this.list.length),
  ): Promise<TestServer> {
    const seeds = this.list.map((server) => server.listen);
    const ports = await freePorts(2);
    const server = new TestServer(
      name,
      join(this.#folder, name),
      ports,
      {
        ...this.#settings,
        seeds,
        ...(typeof settings === 'function' ? settings(ports[0] ?? 0) : settings),
      },
      runtime,
    );
    this.list.push(server);
    return server;
  }

  /** Addresses for clients. */
  get endpoints(): string[] {
    return this.list.map((server) => server.listen);
  }

  /** The statuses of those that answer. */
  async statuses(): Promise<ServerStatus[]> {
    return await statusesAt(this.list.map((server) => server.http));
  }

  /** The server with this node id. */
  async byId(id: number): Promise<TestServer> {
    for (const server of this.list) {
      const status = await server.status().catch(() => undefined);
      if (status?.id === id) return server;
    }
    throw new Error(`no server has the id ${id}`);
  }

  /** Waits until all running servers are ready and each data group has exactly `voters` voters. */
  async settled(voters = 3, deadlineMs = 60_000): Promise<ServerStatus[]> {
    return await until(
      `every data group has ${voters} voters`,
      async () => {
        const dead = this.#endedByItself();
        if (dead !== undefined) throw new Error(`${dead.name} ended:\n${dead.running.stderr.slice(-4_000)}`);
        const statuses = await this.statuses();
        return statuses.length === this.up.length && isSettled(statuses, this.groups, voters) && statuses;
      },
      deadlineMs,
      () => this.#endedByItself() !== undefined,
    );
  }

  #endedByItself(): TestServer | undefined {
    return this.list.find((server) => server.endedByItself);
  }

  /** Waits until every replica has applied all that is committed. */
  async caughtUp(deadlineMs = 60_000): Promise<ServerStatus[]> {
    return await until(
      'every replica has applied all that is committed',
      async () => {
        const statuses = await this.statuses();
        return isCaughtUp(statuses, this.groups) && statuses;
      },
      deadlineMs,
    );
  }

  /** Those that run. */
  get up(): TestServer[] {
    return this.list.filter((server) => server.isRunning);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is asked of how they end: a test that cares stops them itself.
    await Promise.all(this.up.map(async (server) => await server.kill()));
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
