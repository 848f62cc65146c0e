import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ClusterFile } from '../../src/dev/cluster-file.js';
import { freePort } from '../../src/dev/ports.js';
import type { ServerStatus } from '../../src/serve/host-status.js';
import { until } from './until.js';

/** The flotilla program as npm links it. */
export const program = fileURLToPath(new URL('../../bin/flotilla.js', import.meta.url));

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command whose output is gathered. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], options: { readonly cwd?: string; readonly env?: Record<string, string> } = {}) {
    // No endpoint or setting of the person who runs the tests may leak in.
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLOTILLA_')));
    this.child = spawn(process.execPath, [program, ...args], {
      cwd: options.cwd ?? tmpdir(),
      env: { ...inherited, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}

/** Runs a command to its end, killing it after `deadlineMs`. */
export async function run(
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string>; readonly deadlineMs?: number } = {},
): Promise<Ran> {
  const running = new Running(args, options);
  const timer = setTimeout(() => running.child.kill('SIGKILL'), options.deadlineMs ?? 60_000);
  const ran = await running.ended;
  clearTimeout(timer);
  return ran;
}

/** A folder of its own below the system's temporary one; removed by `Symbol.asyncDispose`. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'flotilla-e2e-'));
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}

/** A local cluster that `flotilla dev` runs in a folder, as `npm start` does. */
export class DevCluster implements AsyncDisposable {
  readonly folder: string;
  readonly running: Running;
  file: ClusterFile;

  private constructor(folder: string, running: Running, file: ClusterFile) {
    this.folder = folder;
    this.running = running;
    this.file = file;
  }

  /** Starts, and waits until it says that it is ready. */
  static async start(folder: string, args: readonly string[] = []): Promise<DevCluster> {
    const base = await freePort(20_000 + Math.floor(Math.random() * 20_000), new Set());
    const running = new Running(
      ['dev', '--folder', folder, '--base-port', String(base), '--http-base-port', String(base + 50), ...args],
      { cwd: folder },
    );
    await until(
      'flotilla dev says that the cluster is ready',
      () => {
        if (!running.isRunning) throw new Error(`flotilla dev ended:\n${running.stdout}${running.stderr}`);
        return running.stdout.includes('The cluster is ready');
      },
      90_000,
    ).catch(async (error: unknown) => {
      running.child.kill('SIGTERM');
      await running.ended;
      throw new Error(`${String(error)}\n${running.stdout}${running.stderr}`, { cause: error });
    });
    const file = JSON.parse(await readFile(join(folder, 'local-cluster.json'), 'utf8')) as ClusterFile;
    return new DevCluster(folder, running, file);
  }

  /** Addresses for clients. */
  get endpoints(): string[] {
    return this.file.nodes.map((node) => node.listen);
  }

  /** The `/status` of a server by its place; rejects while it does not answer. */
  async status(place: number): Promise<ServerStatus> {
    const response = await fetch(`${this.file.nodes[place]?.http}/status`, { signal: AbortSignal.timeout(2_000) });
    return (await response.json()) as ServerStatus;
  }

  /** The statuses of all servers that answer. */
  async statuses(): Promise<ServerStatus[]> {
    const all = await Promise.all(this.file.nodes.map((_, place) => this.status(place).catch(() => undefined)));
    return all.filter((status) => status !== undefined);
  }

  /** Interrupts, as Ctrl-C does, and waits for the end. */
  async stop(): Promise<Ran> {
    if (this.running.isRunning) this.running.child.kill('SIGINT');
    return await this.running.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    // A server that was started by hand, or taken over by nobody, must not outlive the test.
    for (const status of await this.statuses()) process.kill(status.pid, 'SIGKILL');
  }
}
