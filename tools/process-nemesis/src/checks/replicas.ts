import type { FlotillaClient, KeyValuePair, NodeReport } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import type { Ledger } from '../load/ledger.js';
import { connect } from '../load/test-client.js';
import type { Fleet } from '../processes/fleet.js';

/** Reads at the same time. */
const AT_ONCE = 64;
const CONNECT_MS = 20_000;
const READ_MS = 30_000;

/** Reads keys, each as its leader has it, and writes the reads down in a ledger where one is given. */
export async function readAll(
  client: FlotillaClient,
  keys: readonly string[],
  ledger?: Ledger,
): Promise<Map<string, KeyValuePair | undefined>> {
  const read = new Map<string, KeyValuePair | undefined>();
  await each(keys, async (key) => {
    const call = ledger?.recorder.invoke(`final.${key}`, { type: 'get', key });
    const pair = await client.get(key, { timeoutMs: READ_MS });
    if (call !== undefined) ledger?.recorder.ok(call, pair?.text() ?? null);
    read.set(key, pair);
  });
  return read;
}

/**
 * Holds what every member has in its own memory against what was read from the leaders: keys, values, versions, revisions.
 * Returns what differs, in words, and how many replicas of keys were compared.
 */
export async function compareReplicas(
  fleet: Fleet,
  reports: ReadonlyMap<number, NodeReport>,
  keys: ReadonlyMap<string, number | undefined>,
  final: ReadonlyMap<string, KeyValuePair | undefined>,
): Promise<{ readonly problems: string[]; readonly compared: number }> {
  const problems: string[] = [];
  let compared = 0;
  for (const [place, report] of reports) {
    const server = fleet.at(place);
    const held = new Set(report.groups.map(({ group }) => group));
    await using connected = await connect({
      endpoints: () => [server.listen],
      pinnedTo: server.listen,
      options: {},
      signal: AbortSignal.timeout(CONNECT_MS),
    });
    if (connected === undefined) {
      problems.push(`${server.name} takes no client any more`);
      continue;
    }
    const own = [...keys].filter(([, group]) => group !== undefined && held.has(group)).map(([key]) => key);
    await each(own, async (key) => {
      compared++;
      try {
        const here = describe(await connected.client.get(key, { consistency: 'stale' }));
        const there = describe(final.get(key));
        if (here !== there) problems.push(`${server.name} has ${key} as ${here}, its leader as ${there}`);
      } catch (error) {
        if (!(error instanceof FlotillaError)) throw error;
        problems.push(`${server.name} does not tell ${key}: ${error.message}`);
      }
    });
  }
  return { problems, compared };
}

function describe(pair: KeyValuePair | undefined): string {
  if (pair === undefined) return 'absent';
  return `"${pair.text()}" (created ${pair.createRevision}, modified ${pair.modRevision}, version ${pair.version})`;
}

async function each<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
}
