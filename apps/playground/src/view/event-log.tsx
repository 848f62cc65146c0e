import type { VNode } from 'preact';
import type { PageEvent } from '../cluster/page-cluster.js';

/** What happened, the latest first. */
export function EventLog({ events }: { readonly events: readonly PageEvent[] }): VNode {
  return (
    <section class="events" aria-label="Events">
      <h2>Events</h2>
      <ol reversed>
        {events.map(({ number, atMs, node, text }) => (
          <li key={number}>
            <time>{(atMs / 1000).toFixed(1)} s</time> <b>{node}</b> {text}
          </li>
        ))}
      </ol>
    </section>
  );
}
