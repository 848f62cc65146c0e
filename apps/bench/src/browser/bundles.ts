import { bundleSize, type BundleSize } from './bundle.js';

/** Something that is sent to browsers, and what it may weigh. */
interface Bundle {
  readonly name: string;
  /** Modules to bundle: the text of one, or a path from this app's folder. */
  readonly entries: readonly string[];
  /** Of the compressed bytes (gzip), KiB. */
  readonly budgetKiB: number;
}

const BUNDLES: readonly Bundle[] = [
  { name: 'raft-core', entries: ["export * from '@flotilla/raft-core';"], budgetKiB: 20 },
  {
    name: 'client, WebSocket',
    entries: [
      `export { FlotillaClient } from '@flotilla/client';
       export { webSocketTransport } from '@flotilla/transport-ws';
       export { systemRuntime } from '@flotilla/runtime/system';`,
    ],
    budgetKiB: 48,
  },
  {
    name: 'cluster node, storage, WebSocket and ports',
    entries: [
      `export { ClusterNode, SessionStateMachine } from '@flotilla/cluster';
       export { KvGroups } from '@flotilla/kv';
       export { KvEndpoint } from '@flotilla/kv/endpoint';
       export { openBrowserStorage } from '@flotilla/storage-browser';
       export { hubRendezvous, messagePortTransport } from '@flotilla/transport-message-port';
       export { webSocketTransport } from '@flotilla/transport-ws';
       export { systemRuntime } from '@flotilla/runtime/system';`,
    ],
    budgetKiB: 160,
  },
  {
    name: 'quic-transport-ponyfill',
    entries: ["export { connect } from '@flotilla/quic-transport-ponyfill';"],
    budgetKiB: 16,
  },
  {
    name: 'transport-quic',
    entries: ["export { quicTransport } from '@flotilla/transport-quic/browser';"],
    budgetKiB: 36,
  },
  {
    name: 'playground, page and worker',
    entries: ['../playground/src/main.tsx', '../playground/src/node/node-worker.ts'],
    budgetKiB: 200,
  },
];

/** A bundle with its weight. */
export interface WeighedBundle extends BundleSize {
  readonly name: string;
  /** Bytes that it may have, compressed by gzip. */
  readonly budget: number;
}

/** Weighs everything that is sent to browsers, from this app's folder. */
export async function weighBundles(app: string): Promise<readonly WeighedBundle[]> {
  const weighed: WeighedBundle[] = [];
  for (const { name, entries, budgetKiB } of BUNDLES) {
    weighed.push({ name, budget: budgetKiB * 1_024, ...(await bundleSize(app, entries)) });
  }
  return weighed;
}
