import type { VNode } from 'preact';
import type { PageCluster } from '../cluster/page-cluster.js';

/** The links between nodes: each can be cut. */
export function LinkPanel({ cluster }: { readonly cluster: PageCluster }): VNode {
  const { names, cuts } = cluster;
  const pairs = names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b] as const));
  return (
    <section class="links" aria-label="Links">
      <h2>Links</h2>
      {pairs.map(([a, b]) => {
        const isCut = cuts.has(`${a} ${b}`);
        return (
          <button
            type="button"
            key={`${a} ${b}`}
            class={isCut ? 'cut' : 'whole'}
            aria-pressed={isCut}
            data-testid={`link-${a}-${b}`}
            onClick={() => cluster.toggleLink(a, b)}
          >
            {a} {isCut ? '╌ ╌' : '───'} {b} · {isCut ? 'heal' : 'cut'}
          </button>
        );
      })}
    </section>
  );
}
