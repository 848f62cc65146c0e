import type { VNode } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { PageCluster } from '../cluster/page-cluster.js';

/** How often the list of keys is read again (ms). */
const REFRESH_MS = 500;
const SHOWN_MAX = 50;

interface Row {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** Keys of the cluster, read through its client; a form that puts one. */
export function KeyPanel({ cluster }: { readonly cluster: PageCluster }): VNode {
  const [rows, setRows] = useState<readonly Row[]>([]);
  const [answer, setAnswer] = useState('');
  const [key, setKey] = useState('greeting');
  const [value, setValue] = useState('hello');

  useEffect(() => {
    let timer: number | undefined;
    let ended = false;
    const refresh = async (): Promise<void> => {
      try {
        const found = await readRows(cluster);
        if (!ended) setRows(found);
      } catch (error) {
        if (!ended) setAnswer(textOf(error));
      }
      if (!ended) timer = window.setTimeout(() => void refresh(), REFRESH_MS);
    };
    void refresh();
    return () => {
      ended = true;
      window.clearTimeout(timer);
    };
  }, [cluster]);

  const put = async (): Promise<void> => {
    setAnswer('…');
    try {
      const { group, revision } = await (await cluster.client()).put(key, value);
      setAnswer(`written: revision ${revision} of group ${group}`);
      setRows(await readRows(cluster));
    } catch (error) {
      setAnswer(textOf(error));
    }
  };
  const remove = async (removed: string): Promise<void> => {
    try {
      await (await cluster.client()).delete(removed);
      setRows(await readRows(cluster));
    } catch (error) {
      setAnswer(textOf(error));
    }
  };

  return (
    <section class="keys" aria-label="Keys">
      <h2>Keys</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void put();
        }}
      >
        <input aria-label="Key" value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        <input aria-label="Value" value={value} onInput={(event) => setValue(event.currentTarget.value)} />
        <button type="submit">Put</button>
        <output data-testid="answer">{answer}</output>
      </form>
      <table>
        <tbody>
          {rows.map((row) => (
            <tr key={row.key} data-testid={`key-${row.key}`}>
              <th>{row.key}</th>
              <td>{row.value}</td>
              <td class="revision">revision {row.revision}</td>
              <td>
                <button type="button" onClick={() => void remove(row.key)}>
                  Delete
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 ? <p class="empty">No keys yet.</p> : null}
    </section>
  );
}

async function readRows(cluster: PageCluster): Promise<readonly Row[]> {
  const client = await cluster.client();
  const rows: Row[] = [];
  for await (const pair of client.scan({ prefix: '' })) {
    rows.push({ key: new TextDecoder().decode(pair.key), value: pair.text(), revision: pair.modRevision });
    if (rows.length === SHOWN_MAX) break;
  }
  return rows;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
