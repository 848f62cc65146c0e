import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasEnded, willEnd } from './leftovers.js';
import { commandLine, type CommandLine, runtimeOfCommands } from './runtimes.js';

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Where and how a program is started. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads on standard input, which then ends (default: nothing, the end at once). */
  readonly input?: string;
}

/** A running program whose output is gathered. */
export class Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
  stdout = '';
  stderr = '';

  constructor(command: string, args: readonly string[], { cwd = tmpdir(), env, input }: RunOptions = {}) {
    // No endpoint or setting of the person who runs the tests may leak in, and none of theirs may be written.
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('FLOTILLA_')));
    this.child = spawn(command, args, {
      cwd,
      env: { DENO_NO_UPDATE_CHECK: '1', ...inherited, XDG_STATE_HOME: join(cwd, 'state'), ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    willEnd(this.child.pid);
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.child.stdin?.end(input);
    this.ended = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        hasEnded(this.child.pid);
        resolve({ code, signal, stdout: this.stdout, stderr: this.stderr });
      });
    });
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Its process id. */
  get pid(): number {
    return this.child.pid ?? -1;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals): Promise<Ran> {
    if (this.isRunning) this.child.kill(signal);
    return await this.ended;
  }
}

/** Starts the flotilla command; `on` says on what. */
export function start(
  args: readonly string[],
  { on = commandLine(runtimeOfCommands), ...options }: RunOptions & { readonly on?: CommandLine } = {},
): Running {
  return new Running(on.command, [...on.args, ...args], options);
}

/** Runs the flotilla command to its end, killing it after `deadlineMs`. */
export async function run(
  args: readonly string[],
  { deadlineMs = 60_000, ...options }: RunOptions & { readonly deadlineMs?: number; readonly on?: CommandLine } = {},
): Promise<Ran> {
  const running = start(args, options);
  const timer = setTimeout(() => running.child.kill('SIGKILL'), deadlineMs);
  const ran = await running.ended;
  clearTimeout(timer);
  return ran;
}

/** A folder of its own below the system's temporary one; removed by `Symbol.asyncDispose`. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'flotilla-e2e-'));
  await mkdir(join(path, 'state'));
  return { path, [Symbol.asyncDispose]: async () => await rm(path, { recursive: true, force: true, maxRetries: 5 }) };
}
