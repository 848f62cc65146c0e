// One node of a cluster in a page: its log is in IndexedDB, what it says goes over ports.
import { ClusterNode, SessionStateMachine } from '@flotilla/cluster';
import { KvGroups } from '@flotilla/kv';
import { KvEndpoint } from '@flotilla/kv/endpoint';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { openBrowserStorage } from '@flotilla/storage-browser';
import { hubRendezvous, messagePortTransport, type PortLike } from '@flotilla/transport-message-port';

/** What a node's worker is told, once. */
export interface NodePlan {
  readonly name: string;
  readonly seeds: readonly string[];
  readonly numGroups: number;
  readonly port: PortLike;
}

async function start({ name, seeds, numGroups, port }: NodePlan): Promise<void> {
  const storage = await openBrowserStorage({ name: `bench-${name}`, runtime });
  const groups = new KvGroups((machine) => new SessionStateMachine(machine));
  const node = await ClusterNode.start({
    config: { nodeName: name, listen: [`port://${name}`], seeds: seeds.map((seed) => `port://${seed}`), numGroups },
    transports: [messagePortTransport({ runtime, rendezvous: hubRendezvous(port) })],
    log: (worker) => storage.log(worker),
    snapshots: storage.snapshots,
    catalog: storage.catalog,
    runtime,
    stateMachine: groups.stateMachine,
  });
  new KvEndpoint({ node, groups, runtime });
  await node.whenReady();
}

self.onmessage = ({ data }: MessageEvent<NodePlan>) => {
  start(data).then(
    () => self.postMessage('ready'),
    (error: unknown) => self.postMessage(`failed: ${String(error)}`),
  );
};
