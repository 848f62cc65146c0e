// The lossy proxy in a process of its own, on Node: beside two QUIC stacks in one event loop it would delay more than it is told to.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { UdpProxyOptions } from '@flotilla/udp-proxy';
import { build } from 'esbuild';

const NODE = new URL('../../../node_modules/node/bin/node', import.meta.url).pathname;

/** Takes commands line by line: a proxy is started by its options, and stopped by its port. */
const PROGRAM = `
  import { createInterface } from 'node:readline';
  import { startUdpProxy } from '@flotilla/udp-proxy';
  const proxies = new Map();
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { id, start, stop } = JSON.parse(line);
    const answer = { id };
    try {
      if (start !== undefined) {
        const proxy = await startUdpProxy(start);
        answer.port = proxy.address.port;
        proxies.set(answer.port, proxy);
      } else {
        await proxies.get(stop)?.close();
        proxies.delete(stop);
      }
    } catch (error) {
      answer.error = error.message;
    }
    console.log(JSON.stringify(answer));
  }).on('close', () => process.exit());
`;

interface Answer {
  readonly id: number;
  readonly port?: number;
  readonly error?: string;
}

/** Proxies in another process. */
export class ProxyProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    if (child.stdout === null) throw new Error('no output of the proxy');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  static async start(): Promise<ProxyProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'flotilla-proxy-'));
    const outfile = join(folder, 'proxy.mjs');
    await build({
      stdin: { contents: PROGRAM, resolveDir: import.meta.dirname },
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@flotilla/source'],
      outfile,
    });
    return new ProxyProcess(spawn(NODE, [outfile], { stdio: ['pipe', 'pipe', 'inherit'] }), folder);
  }

  #ask(command: object): Promise<Answer> {
    const id = ++this.#lastId;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin?.write(`${JSON.stringify({ id, ...command })}\n`);
    });
  }

  /** Starts a proxy, and resolves with its port. Rejects where the port is taken. */
  async proxy(options: UdpProxyOptions): Promise<number> {
    const { port, error } = await this.#ask({ start: options });
    if (port === undefined) throw new Error(error);
    return port;
  }

  /** Stops the proxy of this port. */
  async stop(port: number): Promise<void> {
    await this.#ask({ stop: port });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.stdin?.end();
    await ended;
    await rm(this.#folder, { recursive: true, force: true });
  }
}
