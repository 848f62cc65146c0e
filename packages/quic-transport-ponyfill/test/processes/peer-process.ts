// A LocalPeerHost as a process: a line of JSON in for each order, lines of JSON out. Runs on Node and on Deno.
import { createInterface } from 'node:readline';
import process from 'node:process';
import type { ConnectOptions, ListenOptions } from '../../src/index.js';
import { LocalPeerHost, type PeerSession } from './peer-host.js';

/** An order. */
export type PeerOrder =
  | { readonly id: number; readonly do: 'listen'; readonly options: ListenOptions }
  | { readonly id: number; readonly do: 'dial'; readonly url: string; readonly options: ConnectOptions }
  | { readonly id: number; readonly do: 'release' };

/** What is reported. */
export type PeerReport =
  | { readonly id: number; readonly is: 'started'; readonly port?: number }
  | { readonly id: number; readonly is: 'failed'; readonly message: string }
  | { readonly id: number; readonly is: 'ended'; readonly end: Awaited<PeerSession['ended']> }
  | { readonly id: number; readonly is: 'released' };

const host = new LocalPeerHost();
const sessions = new Map<number, PeerSession>();

function report(what: PeerReport): void {
  process.stdout.write(`${JSON.stringify(what)}\n`);
}

async function obey(order: PeerOrder): Promise<void> {
  const { id } = order;
  try {
    if (order.do === 'release') {
      await sessions.get(id)?.release();
      sessions.delete(id);
      report({ id, is: 'released' });
      return;
    }
    const started =
      order.do === 'listen' ? await host.listen(order.options) : await host.dial(order.url, order.options);
    sessions.set(id, started);
    report({ id, is: 'started', ...('port' in started ? { port: started.port as number } : {}) });
    report({ id, is: 'ended', end: await started.ended });
  } catch (error) {
    report({ id, is: 'failed', message: String(error) });
  }
}

for await (const line of createInterface({ input: process.stdin })) void obey(JSON.parse(line) as PeerOrder);
process.exit(0);
