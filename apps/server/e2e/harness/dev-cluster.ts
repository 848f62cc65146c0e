import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ClusterFile } from '../../src/dev/cluster-file.js';
import type { ServerStatus } from '../../src/serve/host-status.js';
import { hasEnded, kill, willEnd } from './leftovers.js';
import { type Ran, type Running, start } from './program.js';
import { statusAt, statusesAt } from './status.js';
import { until } from './until.js';

/** A local cluster that `flotilla dev` runs in `.flotilla` below a folder, as `npm start` does. */
export class DevCluster implements AsyncDisposable {
  /** Where the commands are typed. */
  readonly cwd: string;
  readonly running: Running;
  readonly file: ClusterFile;
  readonly #pids: readonly number[];

  private constructor(cwd: string, running: Running, file: ClusterFile, pids: readonly number[]) {
    this.cwd = cwd;
    this.running = running;
    this.file = file;
    this.#pids = pids;
    for (const pid of pids) willEnd(pid);
  }

  /** Starts, with six ports in a row from `basePort` on, and waits until it says that it is ready. */
  static async start(cwd: string, basePort: number): Promise<DevCluster> {
    const running = start(['dev', '--base-port', String(basePort), '--http-base-port', String(basePort + 3)], { cwd });
    const place = join(cwd, '.flotilla', 'local-cluster.json');
    try {
      await until(
        'flotilla dev says that the cluster is ready',
        () => running.stdout.includes('Ctrl-C stops the cluster'),
        90_000,
        () => !running.isRunning,
      );
    } catch (error) {
      await running.end('SIGTERM');
      throw new Error(`${String(error)}\n${running.stdout}${running.stderr}`, { cause: error });
    }
    const file = JSON.parse(await readFile(place, 'utf8')) as ClusterFile;
    const statuses = await Promise.all(file.nodes.map(async ({ http }) => await statusAt(http)));
    return new DevCluster(
      cwd,
      running,
      file,
      statuses.map((status) => status.pid),
    );
  }

  /** Addresses for clients. */
  get endpoints(): string[] {
    return this.file.nodes.map((node) => node.listen);
  }

  /** The statuses of all servers that answer. */
  async statuses(): Promise<ServerStatus[]> {
    return await statusesAt(this.file.nodes.map((node) => node.http));
  }

  /** Interrupts, as Ctrl-C does, and waits for the end. */
  async stop(): Promise<Ran> {
    return await this.running.end('SIGINT');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    // A server that nobody took over must not outlive the test.
    for (const { pid } of await this.statuses()) kill(pid, 'SIGKILL');
    for (const pid of this.#pids) hasEnded(pid);
  }
}
