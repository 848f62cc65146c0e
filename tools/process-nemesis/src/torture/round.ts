import type { NodeReport } from '@flotilla/client';
import { Prng } from '@flotilla/runtime/virtual';
import { checkHistory } from '../checks/linearizable.js';
import { compareReplicas, readAll } from '../checks/replicas.js';
import { Load } from '../load/load.js';
import { connect } from '../load/test-client.js';
import { type FaultTally, runLanes } from '../nemesis/lanes.js';
import type { Operator } from '../nemesis/operator.js';
import { settle } from '../nemesis/settle.js';
import type { NemesisKind } from '../plan/plan.js';
import type { Fleet } from '../processes/fleet.js';
import { sleep, within } from '../processes/until.js';

/** After the faults the cluster is well within this time, in ms: joins and snapshots on a busy machine included. */
const SETTLE_MS = 120_000;
/** A watch begins, tells of everything after the last write, and ends, each within this time, in ms. */
const WATCH_MS = 60_000;
/** How long clients are watched being served again, in ms. */
const SERVE_MS = 1_000;

/** What one round needs. */
export interface RoundOptions {
  readonly fleet: Fleet;
  readonly operator: Operator;
  readonly number: number;
  readonly seed: string;
  /** How long faults strike, in ms. */
  readonly faultsMs: number;
  readonly kinds: readonly NemesisKind[];
  /** Ends the faults before their time. */
  readonly isEnough: () => boolean;
  readonly tally: FaultTally;
  readonly electionTimeoutMs: number;
  /** Where the history and its picture are written. */
  readonly folder: string;
  readonly say: (text: string) => void;
}

/** What became of a round. */
export interface RoundResult {
  /** Operations that ended ok, of all clients. */
  readonly operations: number;
  readonly failed: number;
  readonly indeterminate: number;
  /** Events that watches told of. */
  readonly events: number;
  /** Replicas of keys that were compared with the leader's. */
  readonly compared: number;
  /** What was wrong, in words. */
  readonly problems: readonly string[];
}

/** One round: load, faults beside it, then peace, in which everything that was promised is looked for. */
export async function runRound(options: RoundOptions): Promise<RoundResult> {
  const { fleet, number, seed, folder, say } = options;
  const problems: string[] = [];
  const [working, watching] = [new AbortController(), new AbortController()];
  const prefix = `round-${number}/`;
  const random = new Prng(seed).fork('load');
  const load = new Load({ fleet, prefix, random, signal: working.signal, watching: watching.signal });
  let compared = 0;
  try {
    const { ended, watched } = await within('the watches begin', load.start(), WATCH_MS);
    say(`round ${number}: clients watch and work`);
    await Promise.race([strike(options, load), ended]);
    say('the faults are over');
    await settle(fleet, options.operator, SETTLE_MS);
    const before = load.ledger.outcomes.ok;
    await sleep(SERVE_MS);
    if (load.ledger.outcomes.ok === before) problems.push(`no client was served within ${SERVE_MS} ms of peace`);
    working.abort();
    await within('the clients end what is under way', ended, SETTLE_MS);
    say('the load has ended');
    const verified = await verify(fleet, load, await fleet.settled(SETTLE_MS), prefix);
    problems.push(...verified.problems);
    ({ compared } = verified);
    watching.abort();
    await within('the watches end', watched, WATCH_MS);
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
  } finally {
    working.abort();
    watching.abort();
  }
  problems.push(...load.ledger.complaints, ...load.watchers.flatMap((watcher) => watcher.problems));
  problems.push(...(await checkHistory(load.ledger.history(), folder, `history-${number}`)));
  const { ok, failed, indeterminate } = load.ledger.outcomes;
  return {
    operations: ok + load.counters.acknowledged,
    failed,
    indeterminate: indeterminate + load.counters.indeterminate,
    events: load.watchers.reduce((sum, watcher) => sum + watcher.events, 0),
    compared,
    problems,
  };
}

async function strike(options: RoundOptions, load: Load): Promise<void> {
  const { faultsMs } = options;
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(), faultsMs);
  try {
    const fillLogs = async (signal: AbortSignal): Promise<void> => await load.fillLogs(signal);
    await runLanes({ ...options, arena: { ...options, signal: over.signal, fillLogs } });
  } finally {
    clearTimeout(timer);
  }
}

/** Looks for everything that was promised, in a cluster that is well and left alone. */
async function verify(
  fleet: Fleet,
  load: Load,
  reports: ReadonlyMap<number, NodeReport>,
  prefix: string,
): Promise<{ readonly problems: readonly string[]; readonly compared: number }> {
  await using fresh = await connect({
    endpoints: () => fleet.endpoints,
    pinnedTo: undefined,
    options: { requestTimeoutMs: SETTLE_MS },
    signal: AbortSignal.timeout(SETTLE_MS),
  });
  if (fresh === undefined) return { problems: ['no new client gets in'], compared: 0 };
  const { client } = fresh;
  const { ledger, keys, counters, watchers } = load;
  const registers = new Map<string, number | undefined>(keys.all.map((key) => [key, ledger.groups.get(key)]));
  const final = await readAll(client, keys.all, ledger);
  for (const watcher of watchers) {
    await watcher.reaches(final, WATCH_MS);
    watcher.compare(ledger.acknowledged, ledger.refused);
  }
  const problems = await counters.problems(client);
  const everything = new Map([...registers, ...counters.keys()]);
  const all = new Map([...final, ...(await readAll(client, [...counters.keys().keys()]))]);
  const replicas = await compareReplicas(fleet, reports, everything, all);
  // Rounds are many, and the cluster stays the same one: what was looked at goes.
  await client.delete({ prefix });
  return { problems: [...problems, ...replicas.problems], compared: replicas.compared };
}
