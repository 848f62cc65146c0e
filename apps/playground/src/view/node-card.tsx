import type { VNode } from 'preact';
import type { Machine, PageCluster } from '../cluster/page-cluster.js';

/** One machine: its node, the groups on it, and what can be done to it. */
export function NodeCard({ machine, cluster }: { readonly machine: Machine; readonly cluster: PageCluster }): VNode {
  const { name, state, view, failure } = machine;
  const leads = view?.groups.filter(({ role }) => role === 'leader').length ?? 0;
  const phase = state === 'down' ? 'down' : (view?.phase ?? 'starting');
  return (
    <article class={`node ${phase}`} data-testid={`node-${name}`}>
      <h2>
        {name} <span class="phase">{phase}</span>
      </h2>
      <p class="facts">
        {view === undefined
          ? ' '
          : `node ${view.nodeId} · leads ${leads} of ${view.groups.length} · log ${Math.ceil(view.logBytes / 1024)} KiB · ${view.syncs} durable writes`}
      </p>
      {failure === undefined ? null : <p class="failure">{failure}</p>}
      <table>
        <thead>
          <tr>
            <th>group</th>
            <th>role</th>
            <th>term</th>
            <th>applied</th>
            <th>leader</th>
          </tr>
        </thead>
        <tbody>
          {(view?.groups ?? []).map(({ group, role, term, appliedIndex, leader }) => (
            <tr key={group} class={role}>
              <td>{group === 0 ? '0 (metadata)' : group}</td>
              <td>{role}</td>
              <td>{term}</td>
              <td>{appliedIndex}</td>
              <td>{leader === undefined ? '–' : `node ${leader}`}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div class="acts">
        {state === 'up' ? (
          <button type="button" onClick={() => cluster.kill(name)}>
            Kill
          </button>
        ) : (
          <button type="button" onClick={() => cluster.restart(name)}>
            Restart
          </button>
        )}
        <button type="button" class="danger" onClick={() => void cluster.wipe(name)}>
          Wipe
        </button>
      </div>
    </article>
  );
}
