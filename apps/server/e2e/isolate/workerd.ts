import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { freePorts } from '../harness/ports.js';
import { Running } from '../harness/program.js';
import { until } from '../harness/until.js';

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** The worker as one script, from the built packages, as a bundler of an edge platform makes it. */
export async function bundleWorker(format: 'esm' | 'iife'): Promise<string> {
  const result = await build({
    entryPoints: [WORKER],
    bundle: true,
    write: false,
    format,
    globalName: 'worker',
    platform: 'neutral',
    conditions: ['workerd', 'worker', 'browser'],
    // Node's vm has no `using` everywhere.
    supported: { using: false },
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}

/** What a worker is given beside addresses. */
export interface WorkerOptions {
  readonly timeoutMs?: number;
  /** Whose certificates of servers it believes beside those that all believe, in PEM; so are the others. */
  readonly authority?: string;
  readonly certificate?: string;
  readonly key?: string;
}

/** The worker in workerd, the open-source runtime of Cloudflare's Workers. */
export class Workerd implements AsyncDisposable {
  readonly url: string;
  readonly running: Running;

  private constructor(url: string, running: Running) {
    this.url = url;
    this.running = running;
  }

  /** Starts with the addresses of servers, and waits until it answers. */
  static async start(
    folder: string,
    endpoints: readonly string[],
    { timeoutMs = 30_000, authority, ...secrets }: WorkerOptions = {},
  ): Promise<Workerd> {
    const [port] = await freePorts(1);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'worker.js'), await bundleWorker('esm'));
    await writeFile(
      join(folder, 'config.capnp'),
      configuration(`127.0.0.1:${port}`, authority, {
        ENDPOINTS: endpoints.join(','),
        TIMEOUT_MS: String(timeoutMs),
        CERTIFICATE: secrets.certificate,
        KEY: secrets.key,
      }),
    );
    // The path of the program itself: what npm links is a script that starts it.
    const { default: program } = createRequire(import.meta.url)('workerd') as { readonly default: string };
    const running = new Running(program, ['serve', 'config.capnp'], { cwd: folder });
    const url = `http://127.0.0.1:${port}`;
    await until(
      'workerd answers',
      async () => (await fetch(url)).ok,
      30_000,
      () => !running.isRunning,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${running.stderr}`, { cause: error });
    });
    return new Workerd(url, running);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running.end('SIGKILL');
  }
}

function configuration(
  address: string,
  authority: string | undefined,
  texts: Readonly<Record<string, string | undefined>>,
): string {
  const trusted = authority === undefined ? '' : `, trustedCertificates = [${JSON.stringify(authority)}]`;
  const bindings = Object.entries(texts)
    .filter(([, text]) => text !== undefined)
    // Cap'n Proto writes texts as JSON does.
    .map(([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)}),`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    # By itself a worker reaches public addresses only.
    (name = "network", network = (
      allow = ["public", "local"],
      tlsOptions = (trustBrowserCas = true${trusted}),
    )),
  ],
  sockets = [(name = "http", address = "${address}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-11-01",
  bindings = [
    ${bindings.join('\n    ')}
    (name = "KEEPER", durableObjectNamespace = "Keeper"),
  ],
  durableObjectNamespaces = [(className = "Keeper", uniqueKey = "flotilla-keeper", preventEviction = true)],
  durableObjectStorage = (inMemory = void),
  globalOutbound = "network",
);
`;
}
