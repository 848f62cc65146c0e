import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ConnectOptions, ListenOptions } from '../../src/index.js';
import type { PeerEnd, PeerHost, PeerSession } from './peer-host.js';
import type { PeerOrder, PeerReport } from './peer-process.js';

/** How Node and Deno are started from wherever this runs. */
function programOf(runtime: 'node' | 'deno'): { readonly program: string; readonly args: readonly string[] } {
  const { resolve } = createRequire(import.meta.url);
  const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  // The programs themselves: a launcher beside them would leave them behind when it is killed.
  if (runtime === 'deno') {
    const program = join(dirname(resolve('deno/package.json')), process.platform === 'win32' ? 'deno.exe' : 'deno');
    const args = ['run', '-A', '--no-check', '--no-lock', '--unstable-net', '--unstable-sloppy-imports'];
    return { program, args: [...args, at('./peer-process.ts')] };
  }
  const program = join(
    dirname(resolve('node/package.json')),
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  return { program, args: ['--no-warnings', '--import', at('./typescript-imports.mjs'), at('./peer-process.ts')] };
}

interface Waiting {
  started(report: PeerReport): void;
  ended(end: PeerEnd): void;
  released(): void;
}

/** The other side in a process of a runtime, started with the first order. */
export class ProcessPeerHost implements PeerHost {
  readonly #runtime: 'node' | 'deno';
  readonly #waiting = new Map<number, Waiting>();
  #child: ChildProcess | undefined;
  #orders = 0;

  constructor(runtime: 'node' | 'deno') {
    this.#runtime = runtime;
  }

  async listen(options: ListenOptions): Promise<PeerSession & { readonly port: number }> {
    const { session, report } = await this.#order((id) => ({ id, do: 'listen', options }));
    return { ...session, port: report.is === 'started' ? (report.port ?? 0) : 0 };
  }

  async dial(url: string, options: ConnectOptions): Promise<PeerSession> {
    return (await this.#order((id) => ({ id, do: 'dial', url, options }))).session;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    for (const { ended, released } of this.#waiting.values()) {
      ended({ errorCode: 'killed' });
      released();
    }
    this.#waiting.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #order(
    make: (id: number) => PeerOrder,
  ): Promise<{ readonly session: PeerSession; readonly report: PeerReport }> {
    const id = ++this.#orders;
    const started = Promise.withResolvers<PeerReport>();
    const ended = Promise.withResolvers<PeerEnd>();
    const released = Promise.withResolvers<void>();
    this.#waiting.set(id, { started: started.resolve, ended: ended.resolve, released: released.resolve });
    this.#send(make(id));
    const report = await started.promise;
    if (report.is === 'failed') throw new Error(report.message);
    const release = async (): Promise<void> => {
      if (!this.#waiting.has(id)) return;
      this.#send({ id, do: 'release' });
      await released.promise;
      this.#waiting.delete(id);
    };
    return { session: { ended: ended.promise, release }, report };
  }

  #send(order: PeerOrder): void {
    this.#child ??= this.#start();
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
  }

  #start(): ChildProcess {
    const { program, args } = programOf(this.#runtime);
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    child.on('error', (error) => {
      for (const [id, { started }] of this.#waiting) started({ id, is: 'failed', message: String(error) });
    });
    child.stdin.on('error', () => undefined); // its exit says so
    createInterface({ input: child.stdout }).on('line', (line) => this.#heard(JSON.parse(line) as PeerReport));
    return child;
  }

  #heard(report: PeerReport): void {
    const waiting = this.#waiting.get(report.id);
    if (report.is === 'ended') waiting?.ended(report.end);
    else if (report.is === 'released') waiting?.released();
    else waiting?.started(report);
  }
}
