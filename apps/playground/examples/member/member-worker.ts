import { ClusterNode, SessionStateMachine } from '@flotilla/cluster';
import { KvGroups } from '@flotilla/kv';
import { KvEndpoint } from '@flotilla/kv/endpoint';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { openBrowserStorage } from '@flotilla/storage-browser';
import { hubRendezvous, messagePortTransport } from '@flotilla/transport-message-port';
import { MEMBER_ADDRESS, type MemberOrder, type MemberReport } from './member-messages.js';
import { pageTransports } from './page-transports.js';

declare const self: {
  onmessage: ((event: { readonly data: MemberOrder }) => void) | null;
  postMessage(report: MemberReport): void;
};

/** How often the page is told what the node looks like (ms). */
const VIEW_MS = 200;

/**
 * A learner of a cluster of servers: it dials them and keeps copies of some groups in this browser's database. Only the page that it belongs to
 * can dial it, over a port; so it advertises nothing.
 */
async function start({ name, servers, groups: learnerGroups, port, ...dialling }: MemberOrder): Promise<void> {
  const storage = await openBrowserStorage({ name: `member-${name}`, runtime });
  const groups = new KvGroups((machine) => new SessionStateMachine(machine));
  const node = await ClusterNode.start({
    config: {
      nodeName: name,
      listen: [MEMBER_ADDRESS],
      advertise: [],
      seeds: servers,
      voter: false,
      learnerGroups,
      compaction: { entries: 2_000, bytes: 1_000_000 },
    },
    transports: [...pageTransports(dialling), messagePortTransport({ runtime, rendezvous: hubRendezvous(port) })],
    log: (worker) => storage.log(worker),
    snapshots: storage.snapshots,
    catalog: storage.catalog,
    runtime,
    stateMachine: groups.stateMachine,
  });
  new KvEndpoint({ node, groups, runtime });
  const tell = (): void => {
    const { peers } = node.status();
    self.postMessage({
      kind: 'view',
      view: {
        nodeId: node.nodeId,
        lifecycle: node.lifecycle,
        groups: node.lifecycle.phase === 'ready' ? node.groupStatuses() : [],
        peers: peers.map(({ id, name: peer, connected }) => ({ id, name: peer, connected })),
      },
    });
    runtime.setTimer(VIEW_MS, tell);
  };
  tell();
}

self.onmessage = ({ data }) => {
  start(data).catch((error: unknown) => self.postMessage({ kind: 'failed', error: String(error) }));
};
