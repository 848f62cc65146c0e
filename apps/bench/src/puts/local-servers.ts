import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Three server processes in a temporary folder, as `flotilla dev` runs them. */
export class LocalServers implements AsyncDisposable {
  /** Addresses for clients. */
  readonly endpoints: readonly string[];
  readonly #http: readonly string[];
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(
    child: ChildProcess,
    folder: string,
    nodes: readonly { readonly listen: string; readonly http: string }[],
  ) {
    this.#child = child;
    this.#folder = folder;
    this.endpoints = nodes.map((node) => node.listen);
    this.#http = nodes.map((node) => node.http);
  }

  /** Starts them and waits until they are ready. */
  static async start(): Promise<LocalServers> {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-bench-'));
    const program = fileURLToPath(new URL('../../server/bin/flotilla.js', import.meta.url));
    const child = spawn(
      process.execPath,
      [program, 'dev', '--folder', folder, '--base-port', '17101', '--http-base-port', '17201'],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        // It must not become the cluster that commands find by themselves.
        env: { ...process.env, XDG_STATE_HOME: folder },
      },
    );
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        if (said.includes('The cluster is ready')) resolve();
      });
      child.once('exit', () => reject(new Error(`the servers did not start:\n${said}`)));
    });
    const file = JSON.parse(await readFile(join(folder, 'local-cluster.json'), 'utf8')) as {
      readonly nodes: readonly { readonly listen: string; readonly http: string }[];
    };
    return new LocalServers(child, folder, file.nodes);
  }

  /** CPU seconds of all servers since they started. */
  async cpuSeconds(): Promise<number> {
    const texts = await Promise.all(this.#http.map(async (http) => await (await fetch(`${http}/metrics`)).text()));
    return texts.reduce(
      (sum, text) => sum + Number(/^flotilla_process_cpu_seconds_total ([\d.e+-]+)/m.exec(text)?.[1] ?? Number.NaN),
      0,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGINT');
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
