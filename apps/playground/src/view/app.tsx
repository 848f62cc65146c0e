import type { VNode } from 'preact';
import type { PageCluster } from '../cluster/page-cluster.js';
import { EventLog } from './event-log.js';
import { KeyPanel } from './key-panel.js';
import { LinkPanel } from './link-panel.js';
import { NodeCard } from './node-card.js';

/** The page: machines, links, keys, events. */
export function App({ cluster }: { readonly cluster: PageCluster }): VNode {
  const { machines } = cluster;
  const ready = machines.filter(({ view }) => view?.phase === 'ready').length;
  return (
    <>
      <header>
        <h1>Flotilla</h1>
        <p>
          A Raft cluster in this page: each node is a worker with a database of its own, and everything between them is
          real. Kill one, cut a link, reload the page: what was written is there.
        </p>
        <p class="sum" data-testid="sum">
          {ready} of {machines.length} nodes ready
        </p>
      </header>
      <main>
        <section class="nodes" aria-label="Nodes">
          {machines.map((machine) => (
            <NodeCard key={machine.name} machine={machine} cluster={cluster} />
          ))}
        </section>
        <LinkPanel cluster={cluster} />
        <KeyPanel cluster={cluster} />
        <EventLog events={cluster.events} />
      </main>
    </>
  );
}
