// Starts what the pages of the tests talk to: the same listeners on Node, in this process, and on Deno, in another.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';
import { makeCertificate } from './certificates.js';
import type { ListenerOrder } from './listeners/web-transport-listener.js';
import { startWebTransportListener } from './listeners/web-transport-listener.js';

/** A runtime's listeners as pages know them. */
export interface ListenerAddresses {
  /** Lets in the pages of any origin. */
  readonly open: string;
  /** Lets in none. */
  readonly closed: string;
}

/** What the tests are told. */
export interface BrowserServers {
  readonly node: ListenerAddresses;
  readonly deno: ListenerAddresses;
  /** SHA-256 of the certificate of all of them, in hex. */
  readonly certificateHash: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    readonly servers: BrowserServers;
  }
}

const DAY_MS = 86_400_000;

/** @returns what ends them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const authority = await makeCertificate({ commonName: 'authority', authority: true });
  const leaf = await makeCertificate({
    commonName: 'listener',
    dnsNames: ['node.flotilla', 'localhost'],
    issuer: authority,
    toMs: 12 * DAY_MS,
  });
  const { cert, key } = leaf;
  const orders: readonly ListenerOrder[] = [
    { cert, key, allowedOrigins: ['*'] },
    { cert, key, allowedOrigins: [] },
  ];
  const [onNode, onDeno] = await Promise.all([startOnNode(orders), startOnDeno(orders)]);
  project.provide('servers', {
    node: addresses(onNode.ports),
    deno: addresses(onDeno.ports),
    certificateHash: createHash('sha256').update(leaf.der).digest('hex'),
  });
  return async () => {
    await Promise.all([onNode.stop(), onDeno.stop()]);
  };
}

interface Running {
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

const addresses = ([open = 0, closed = 0]: readonly number[]): ListenerAddresses => ({
  open: `https://127.0.0.1:${open}`,
  closed: `https://127.0.0.1:${closed}`,
});

async function startOnNode(orders: readonly ListenerOrder[]): Promise<Running> {
  const listeners = await Promise.all(orders.map((order) => startWebTransportListener(order)));
  return {
    ports: listeners.map(({ address }) => address.port),
    stop: async () => {
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

async function startOnDeno(orders: readonly ListenerOrder[]): Promise<Running> {
  // The program itself: the launcher beside it would leave it behind when it is killed.
  const folder = dirname(createRequire(import.meta.url).resolve('deno/package.json'));
  const deno = join(folder, process.platform === 'win32' ? 'deno.exe' : 'deno');
  const program = fileURLToPath(new URL('./listeners/deno-listener.ts', import.meta.url));
  const child = spawn(
    deno,
    ['run', '-A', '--no-check', '--unstable-net', '--unstable-sloppy-imports', program, JSON.stringify(orders)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ports = await new Promise<readonly number[]>((resolve, reject) => {
    let text = '';
    child.stdout.setEncoding('utf8');
    child.stdout.on('data', (piece: string) => {
      text += piece;
      if (text.includes('\n')) resolve(JSON.parse(text) as readonly number[]);
    });
    child.on('error', reject);
    child.on('exit', (code) => reject(new Error(`the listeners on Deno ended with ${code}: ${text}`)));
  });
  return {
    ports,
    stop: () =>
      new Promise((resolve) => {
        child.removeAllListeners('exit');
        child.on('exit', () => resolve());
        child.kill('SIGKILL');
      }),
  };
}
