import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeReport } from '@flotilla/client';
import type { Disk } from './disk.js';

/** Settings as the file of `flotilla serve` has them. */
export type Settings = Readonly<Record<string, unknown>>;

/** How a process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What a server process is made of. */
export interface ServerProcessOptions {
  readonly place: number;
  /** Of its configuration and log. */
  readonly folder: string;
  readonly disk: Disk;
  /** Path of the flotilla program. */
  readonly program: string;
  /** A module that the process loads first. */
  readonly preload: string;
  readonly listenPort: number;
  readonly httpPort: number;
  /** What it dials instead of what. */
  readonly dials: Readonly<Record<number, number>>;
  readonly settings: Settings;
}

/** A process may take this long to end in good order, in ms. */
const STOP_MS = 20_000;

const children = new Set<ChildProcess>();
// A run that is cut short leaves no server behind.
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

/** A place in the cluster: one address and one disk, and the server process that lives there, if one does. */
export class ServerProcess {
  readonly place: number;
  readonly name: string;
  readonly listen: string;
  readonly http: string;
  readonly disk: Disk;
  /** Ends that nobody brought about: of the process, in words. */
  readonly unexpectedEnds: string[] = [];
  readonly #options: ServerProcessOptions;
  #child: ChildProcess | undefined;
  #ended: Promise<ProcessEnd> | undefined;
  #end: 'unexpected' | 'wanted' | 'tolerated' = 'unexpected';
  #isPaused = false;
  #isTaken = false;
  /** It has answered in this life. */
  #hasAnswered = false;

  constructor(options: ServerProcessOptions) {
    this.#options = options;
    this.place = options.place;
    this.name = `node-${options.place + 1}`;
    this.listen = `ws://127.0.0.1:${options.listenPort}`;
    this.http = `http://127.0.0.1:${options.httpPort}`;
    this.disk = options.disk;
  }

  /** Where it logs, over all of its lives. */
  get log(): string {
    return join(this.#options.folder, 'server.log');
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether a member lives here, also while its process is down. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Its process id while it runs. */
  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  /** Starts it; where it runs already, nothing is done. */
  start(seeds: readonly string[]): void {
    if (this.isRunning) return;
    this.#isTaken = true;
    const { folder, program, preload, dials, settings } = this.#options;
    mkdirSync(folder, { recursive: true });
    const config = join(folder, 'flotilla.json');
    const whole = {
      nodeName: this.name,
      listen: [this.listen],
      http: this.http,
      dataFolder: this.disk.data,
      seeds,
      logFormat: 'json',
      ...settings,
    };
    writeFileSync(config, JSON.stringify(whole, null, 2));
    const log = openSync(this.log, 'a');
    // No setting of the person who runs this may leak in.
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLOTILLA_')));
    const child = spawn(process.execPath, ['--import', preload, program, 'serve', '--config', config], {
      cwd: folder,
      env: { ...inherited, NEMESIS_DIALS: JSON.stringify(dials) },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    children.add(child);
    this.#child = child;
    this.#end = 'unexpected';
    this.#isPaused = false;
    this.#hasAnswered = false;
    this.#ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        children.delete(child);
        if (this.#end === 'unexpected') {
          this.unexpectedEnds.push(`${this.name} (pid ${child.pid}) ended by itself: ${signal ?? `exit code ${code}`}`);
        }
        resolve({ code, signal });
      });
    });
  }

  /** As a crash does it. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.#end = 'wanted';
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** In good order. One that does not end in time is killed, and whatever is not good order is an unexpected end. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    const isGoodOrderDue = this.#end !== 'tolerated';
    const hasAnswered = this.#hasAnswered;
    this.#end = 'wanted';
    this.resume();
    this.#child?.kill('SIGTERM');
    const deadline = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => deadline.resolve('late'), STOP_MS);
    const end = await Promise.race([this.#ended, deadline.promise]);
    clearTimeout(timer);
    if (end === 'late') {
      this.unexpectedEnds.push(`${this.name} (pid ${this.pid}) did not end within ${STOP_MS} ms of SIGTERM`);
      await this.kill();
    } else if (isGoodOrderDue && end !== undefined && end.code !== 0 && (hasAnswered || end.signal !== 'SIGTERM')) {
      // A process that has not begun yet has no good order either.
      this.unexpectedEnds.push(`${this.name} ended by SIGTERM with ${end.signal ?? `exit code ${end.code}`}`);
    }
  }

  /** The member that lived here does no more: its process ends and its disk is wiped. */
  async vacate(): Promise<void> {
    await this.stop();
    await this.disk.wipe();
    this.#isTaken = false;
  }

  /** From now on, and until it is started again, it may end by itself: its disk is bad, or it is no member any more. */
  tolerateEnd(): void {
    if (this.#end === 'unexpected') this.#end = 'tolerated';
  }

  /** It has no more reason to end by itself. */
  expectLife(): void {
    if (this.#end === 'tolerated') this.#end = 'unexpected';
  }

  /** Freezes it as it stands. */
  pause(): void {
    this.#isPaused = this.#child?.kill('SIGSTOP') ?? false;
  }

  /** Lets it go on. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#child?.kill('SIGCONT');
  }

  /** What it says of itself. Rejects while it does not answer. */
  async report(timeoutMs = 2_000): Promise<NodeReport> {
    const response = await fetch(`${this.http}/status`, { signal: AbortSignal.timeout(timeoutMs) });
    const report = (await response.json()) as NodeReport;
    this.#hasAnswered = true;
    return report;
  }
}
