// The page: begins workers, and puts keys into a cluster of three of them.
import { FlotillaClient } from '@flotilla/client';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { hubRendezvous, messagePortTransport, PortHub } from '@flotilla/transport-message-port';
import type {
  BenchPage,
  ClusterFigures,
  ClusterPlan,
  CommitRate,
  StorageFigures,
  StoragePlan,
} from '../browser-plan.js';
import { commitRate } from './commit-rate.js';
import type { NodePlan } from './node-worker.js';

const NAMES = ['n1', 'n2', 'n3'];
const KEYS = 10_000;
const WARM_UP_SECONDS = 2;

async function storage(plan: StoragePlan): Promise<readonly StorageFigures[]> {
  const worker = new Worker('/storage-worker.js', { type: 'module' });
  const answer = new Promise<{ readonly figures?: readonly StorageFigures[]; readonly error?: string }>((resolve) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => resolve({ error: message });
  });
  worker.postMessage(plan);
  const { figures, error } = await answer;
  worker.terminate();
  if (figures === undefined) throw new Error(error);
  return figures;
}

async function cluster({
  clients,
  valueBytes,
  numGroups,
  seconds,
  runs,
}: ClusterPlan): Promise<readonly ClusterFigures[]> {
  const hub = new PortHub({ runtime });
  const workers = await Promise.all(NAMES.map((name) => startNode(hub, name, numGroups)));
  const transport = messagePortTransport({ runtime, rendezvous: hubRendezvous(hub.link('page').port) });
  const client = await FlotillaClient.connect({
    endpoints: NAMES.map((name) => `port://${name}`),
    transports: [transport],
    runtime,
  });
  const value = new Uint8Array(valueBytes).fill(7);
  let next = 0;
  const put = () => client.put(`key-${(++next * 7_919) % KEYS}`, value);
  await commitRate(put, Math.max(...clients), WARM_UP_SECONDS);
  const figures = clients.map((count): { clients: number; runs: CommitRate[] } => ({ clients: count, runs: [] }));
  for (let run = 0; run < runs; run++) {
    for (const figure of figures) figure.runs.push(await commitRate(put, figure.clients, seconds));
  }
  await client.close();
  await transport.close();
  for (const worker of workers) worker.terminate();
  return figures;
}

async function startNode(hub: PortHub, name: string, numGroups: number): Promise<Worker> {
  const worker = new Worker('/node-worker.js', { type: 'module', name });
  const ready = new Promise<string>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<string>) => resolve(data);
    worker.onerror = ({ message }) => resolve(message);
  });
  const { port } = hub.link(name);
  worker.postMessage({ name, seeds: NAMES, numGroups, port } satisfies NodePlan, [port as unknown as Transferable]);
  const said = await ready;
  if (said !== 'ready') throw new Error(`${name}: ${said}`);
  return worker;
}

declare global {
  var benchPage: BenchPage;
}
globalThis.benchPage = { storage, cluster };
