import { ClusterNode, SessionStateMachine } from '@flotilla/cluster';
import { KvGroups } from '@flotilla/kv';
import { KvEndpoint } from '@flotilla/kv/endpoint';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import type { LogEngine } from '@flotilla/storage';
import { openBrowserStorage } from '@flotilla/storage-browser';
import { hubRendezvous, messagePortTransport } from '@flotilla/transport-message-port';
import { CutPorts } from './cut-ports.js';
import type { NodeOrder, NodeReport } from './node-messages.js';

declare const self: {
  onmessage: ((event: { readonly data: NodeOrder }) => void) | null;
  postMessage(report: NodeReport): void;
};

/** How often the page is told what the node looks like (ms). */
const VIEW_MS = 200;

const links = new CutPorts();

/** One node of the cluster: what it says goes over ports, what it keeps into this browser's database. */
async function start(order: Extract<NodeOrder, { kind: 'start' }>): Promise<void> {
  const { name, seeds, numGroups, port } = order;
  const storage = await openBrowserStorage({ name: `playground-${name}`, runtime });
  const groups = new KvGroups((machine) => new SessionStateMachine(machine));
  const logs: LogEngine[] = [];
  const node = await ClusterNode.start({
    config: {
      nodeName: name,
      listen: [`port://${name}`],
      seeds: seeds.map((seed) => `port://${seed}`),
      numGroups,
      compaction: { entries: 2_000, bytes: 1_000_000 },
    },
    transports: [
      messagePortTransport({
        runtime,
        rendezvous: links.over(hubRendezvous(port)),
        keepAlive: { intervalMs: 500, missedMax: 4 },
      }),
    ],
    log: async (worker) => {
      const log = await storage.log(worker);
      logs.push(log);
      return log;
    },
    snapshots: storage.snapshots,
    catalog: storage.catalog,
    runtime,
    stateMachine: groups.stateMachine,
    onEvent: (event) => self.postMessage({ kind: 'event', event }),
  });
  new KvEndpoint({ node, groups, runtime });
  node.whenReady().catch((error: unknown) => self.postMessage({ kind: 'failed', error: String(error) }));
  const tell = (): void => {
    const stats = logs.map((log) => log.stats());
    self.postMessage({
      kind: 'view',
      view: {
        nodeId: node.nodeId,
        clusterId: node.clusterId,
        phase: node.lifecycle.phase,
        groups: node.lifecycle.phase === 'ready' ? node.groupStatuses() : [],
        logBytes: stats.reduce((sum, { diskBytes }) => sum + diskBytes, 0),
        syncs: stats.reduce((sum, { syncs }) => sum + syncs, 0),
      },
    });
    runtime.setTimer(VIEW_MS, tell);
  };
  tell();
}

self.onmessage = ({ data }) => {
  if (data.kind === 'cut') return links.cut(data.peers);
  start(data).catch((error: unknown) => self.postMessage({ kind: 'failed', error: String(error) }));
};
