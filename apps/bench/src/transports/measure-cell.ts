import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { startUdpProxy, type UdpProxy } from '@flotilla/udp-proxy';
import { programOn } from './hosts.js';
import type { CommandLine, LossyNetwork } from './lossy-network.js';
import {
  type Cell,
  type ClientPlan,
  hasCertificates,
  isPortCarrier,
  isQuicCarrier,
  type Measured,
  type ServerPlan,
  type TlsFiles,
} from './plan.js';

/** Where and how long a cell is measured. */
export interface CellConditions {
  readonly programs: { readonly server: URL; readonly client: URL };
  /** Without it the machine's loopback is used, where only QUIC's packets can be lost, by a proxy. */
  readonly network: LossyNetwork | undefined;
  readonly tls: TlsFiles | undefined;
  readonly seconds: number;
  readonly snapshotRate: number;
}

/** Far above what a client takes (s): a transport that hangs is told of, and does not hang the command. */
const PATIENCE_SECONDS = 20;
const PATIENCE_TIMES = 40;

/** Measures one cell with processes of its own. @throws where one of them fails, or says nothing for too long */
export async function measureCell(cell: Cell, conditions: CellConditions): Promise<Measured> {
  const { carrier } = cell;
  const { network, seconds, snapshotRate } = conditions;
  const tls = hasCertificates(carrier) ? conditions.tls : undefined;
  network?.lose(cell.loss);
  const signal = AbortSignal.timeout((PATIENCE_SECONDS + seconds * PATIENCE_TIMES) * 1_000);
  await using server = isPortCarrier(carrier)
    ? undefined
    : new Program(
        programOn(cell.server, conditions.programs.server, { carrier, tls } satisfies ServerPlan),
        network,
        signal,
      );
  const listening = (await server?.line()) ?? '';
  await using proxy =
    isQuicCarrier(carrier) && network === undefined ? await lossyProxy(new URL(listening), cell.loss) : undefined;
  const clientPlan: ClientPlan = {
    carrier,
    address: proxy === undefined ? listening : `quic://${proxy.address.hostname}:${proxy.address.port}`,
    tls,
    seconds,
    snapshotRate,
  };
  await using client = new Program(programOn(cell.client, conditions.programs.client, clientPlan), network, signal);
  return JSON.parse(await client.line()) as Measured;
}

function lossyProxy({ hostname, port }: URL, lossRate: number): Promise<UdpProxy> {
  return startUdpProxy({ target: { hostname, port: Number(port) }, conditions: { lossRate } });
}

/** A process that says one line, and ends with its input. */
class Program implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #line: Promise<string>;

  constructor(line: CommandLine, network: LossyNetwork | undefined, signal: AbortSignal) {
    const { program, args } = network?.within(line) ?? line;
    const child = spawn(program, args, {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, DENO_NO_UPDATE_CHECK: '1' },
    });
    this.#child = child;
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    this.#line = new Promise((resolve, reject) => {
      let said = '';
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text;
        const end = said.indexOf('\n');
        if (end !== -1) resolve(said.slice(0, end));
      });
      child.once('error', reject);
      child.once('close', () => reject(new Error(complaint.trim().split('\n')[0] || 'it ended without a word')));
      signal.addEventListener('abort', () => reject(new Error('it took too long')), { once: true });
    });
    // It may fail when nobody waits for its line any more.
    this.#line.catch(() => undefined);
  }

  /** The first line that it said. */
  line(): Promise<string> {
    return this.#line;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const closed = once(child, 'close');
    child.stdin?.end();
    const timer = setTimeout(() => child.kill('SIGKILL'), 1_000);
    await closed;
    clearTimeout(timer);
  }
}
