import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { keepIdentity } from './identity.js';
import type { Member } from './member.js';

/** The node of this page, the servers that it is connected with, and a key to write and to read from the copy. */
export function MemberPage({ member }: { readonly member: Member }): VNode {
  const { view, failure } = member;
  const phase = failure ?? (view === undefined ? 'starting' : phaseText(view.lifecycle));
  return (
    <>
      <header>
        <h1>A page as a member</h1>
        <p>
          This page holds a node of a cluster of servers: a learner in a worker, with copies of some groups in this
          browser’s database. It dials the servers; nobody can dial it. Writes go to the servers, reads can be answered
          here.
        </p>
        <p class="sum" data-testid="phase">
          {view === undefined || view.nodeId === 0 ? '' : `node ${view.nodeId}: `}
          {phase}
        </p>
      </header>
      <main>
        <section aria-label="Servers">
          <h2>Servers</h2>
          <ul>
            {(view?.peers ?? []).map(({ id, name, connected }) => (
              <li key={id} data-testid={`peer-${id}`}>
                node {id} {name}: {connected ? 'connected' : 'not connected'}
              </li>
            ))}
          </ul>
          {view === undefined || view.peers.length === 0 ? <p class="empty">None yet.</p> : null}
        </section>
        <section aria-label="Copies">
          <h2>Copies</h2>
          <table>
            <thead>
              <tr>
                <th>group</th>
                <th>role</th>
                <th>leader</th>
                <th>applied</th>
              </tr>
            </thead>
            <tbody>
              {(view?.groups ?? []).map((group) => (
                <tr key={group.group} data-testid={`group-${group.group}`}>
                  <td>{group.group}</td>
                  <td>{group.role}</td>
                  <td>{group.leader === undefined ? '–' : `node ${group.leader}`}</td>
                  <td>{group.appliedIndex}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
        <Keys member={member} />
        <section aria-label="This node">
          <h2>This node</h2>
          <IdentityForm member={member} />
          <div class="acts">
            <button
              type="button"
              class="danger"
              onClick={() => {
                void member.forget().then(() => location.reload());
              }}
            >
              Forget everything and join anew
            </button>
          </div>
        </section>
      </main>
    </>
  );
}

function Keys({ member }: { readonly member: Member }): VNode {
  const [key, setKey] = useState('greeting');
  const [value, setValue] = useState('hello');
  const [answer, setAnswer] = useState('');
  const say = (work: Promise<string>): void => {
    setAnswer('…');
    work.then(setAnswer, (error: unknown) => setAnswer(error instanceof Error ? error.message : String(error)));
  };
  const put = async (): Promise<string> => {
    const { group, revision } = await (await member.cluster()).put(key, value);
    return `written: revision ${revision} of group ${group}`;
  };
  const get = async (): Promise<string> => {
    const pair = await (await member.copy()).get(key, { consistency: 'stale' });
    return pair === undefined ? 'the copy has no such key' : `the copy says: ${pair.text()}`;
  };
  return (
    <section class="keys" aria-label="Keys">
      <h2>Keys</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          say(put());
        }}
      >
        <input aria-label="Key" value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        <input aria-label="Value" value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        <button type="submit">Put into the cluster</button>
        <button type="button" onClick={() => say(get())}>
          Get from the copy
        </button>
        <output data-testid="answer">{answer}</output>
      </form>
    </section>
  );
}

/** Beyond this machine servers ask who the page is. */
function IdentityForm({ member }: { readonly member: Member }): VNode {
  const [certificate, setCertificate] = useState('');
  const [key, setKey] = useState('');
  const [answer, setAnswer] = useState('');
  const keep = (): void => {
    keepIdentity(member.name, certificate, key).then(
      () => location.reload(),
      (error: unknown) => setAnswer(error instanceof Error ? error.message : String(error)),
    );
  };
  return (
    <details>
      <summary>Certificate, for servers beyond this machine</summary>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          keep();
        }}
      >
        <textarea
          aria-label="Certificate"
          placeholder="cert.pem"
          value={certificate}
          onInput={(event) => setCertificate(event.currentTarget.value)}
        />
        <textarea
          aria-label="Key of the certificate"
          placeholder="key.pem"
          value={key}
          onInput={(event) => setKey(event.currentTarget.value)}
        />
        <button type="submit">Keep it in this browser</button>
        <output>{answer}</output>
      </form>
    </details>
  );
}

function phaseText(lifecycle: { readonly phase: string; readonly reason?: string; readonly attempt?: number }): string {
  const { phase, reason, attempt } = lifecycle;
  if (reason !== undefined) return `${phase}: ${reason}`;
  return attempt === undefined ? phase : `${phase}, attempt ${attempt}`;
}
