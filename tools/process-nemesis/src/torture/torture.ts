import { appendFileSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Prng } from '@flotilla/runtime/virtual';
import { MemoryWatch } from '../checks/memory.js';
import { ServerLogs } from '../checks/server-log.js';
import { FaultTally } from '../nemesis/lanes.js';
import { Operator } from '../nemesis/operator.js';
import type { NemesisKind } from '../plan/plan.js';
import { diskKind } from '../processes/disk.js';
import { Fleet } from '../processes/fleet.js';
import { runRound } from './round.js';

/** Until the first members have founded a cluster, in ms. */
const FOUND_MS = 120_000;
/** Faults strike for this long in one round, at most, in ms. */
const ROUND_MS = 60_000;
/** A kind that did not strike in its time gets this many rounds more before the run fails for it. */
const EXTRA_ROUNDS = 2;

/** What to torment, how, and for how long. */
export interface TortureOptions {
  readonly seed: string;
  /** Time in which faults strike, over all rounds. What is checked in between comes on top. */
  readonly minutes: number;
  readonly nodes: number;
  readonly groups: number;
  readonly kinds: readonly NemesisKind[];
  /** Path of the flotilla program. */
  readonly program: string;
  /** A module that redirects what a server dials. */
  readonly preload: string;
  readonly electionTimeoutMs: number;
  /** Below it a folder of the run is made; it stays where the run failed, or `keep` says so. */
  readonly folder: string | undefined;
  readonly keep: boolean;
  readonly say: (text: string) => void;
}

/** What became of a run. */
export interface TortureReport {
  readonly operations: number;
  readonly failed: number;
  readonly indeterminate: number;
  readonly events: number;
  readonly compared: number;
  readonly rounds: number;
  readonly logLines: number;
  readonly memoryPeak: number;
  readonly faults: FaultTally;
  /** Kinds that were asked for and cannot be had on this machine. */
  readonly skipped: readonly NemesisKind[];
  /** What was wrong, in words; empty: the run passed. */
  readonly problems: readonly string[];
  /** Where data, logs and histories are; undefined where they were removed. */
  readonly kept: string | undefined;
}

/** Torments one cluster of real processes, round after round, until the time is over or something was wrong. */
export async function torture(options: TortureOptions): Promise<TortureReport> {
  const folder = await mkdtemp(join(options.folder ?? tmpdir(), 'flotilla-nemesis-'));
  const begun = performance.now();
  const say = (text: string): void => {
    const line = `${((performance.now() - begun) / 1_000).toFixed(1).padStart(8)} s  ${text}`;
    appendFileSync(join(folder, 'story.log'), `${line}\n`);
    options.say(line);
  };
  const disk = diskKind(folder);
  const skipped = options.kinds.filter((kind) => kind === 'disk-full' && disk === 'none');
  const kinds = options.kinds.filter((kind) => !skipped.includes(kind));
  if (skipped.length > 0) say('disk-full is skipped: neither a file system can be mounted here nor is there prlimit');
  const totals = { operations: 0, failed: 0, indeterminate: 0, events: 0, compared: 0, rounds: 0 };
  const faults = new FaultTally();
  const logs = new ServerLogs();
  const problems: string[] = [];
  await using fleet = await Fleet.layOut({
    folder,
    program: options.program,
    preload: options.preload,
    members: options.nodes,
    spares: 1,
    groups: options.groups,
    disk: kinds.includes('disk-full') ? disk : 'none',
    settings: settingsOf(options),
    random: new Prng(options.seed),
  });
  using memory = new MemoryWatch(fleet);
  const operator = new Operator(fleet);
  try {
    fleet.found();
    await fleet.settled(FOUND_MS);
    say(`${options.nodes} servers serve`);
    const whole = Math.max(1, Math.ceil((options.minutes * 60_000) / ROUND_MS));
    const faultsMs = (options.minutes * 60_000) / whole;
    const missing = (): NemesisKind[] => kinds.filter((kind) => faults.of(kind) === 0);
    for (let number = 1; number <= whole + EXTRA_ROUNDS; number++) {
      if (number > whole && missing().length === 0) break;
      const seed = `${options.seed}/${number}`;
      // A round beyond the time is for those that have not struck.
      const round = await runRound({
        ...options,
        fleet,
        operator,
        number,
        seed,
        faultsMs,
        kinds: number > whole ? missing() : kinds,
        isEnough: () => number > whole && missing().length === 0,
        tally: faults,
        folder,
        say,
      });
      totals.operations += round.operations;
      totals.failed += round.failed;
      totals.indeterminate += round.indeterminate;
      totals.events += round.events;
      totals.compared += round.compared;
      totals.rounds++;
      problems.push(...round.problems, ...fleet.places.flatMap((server) => server.unexpectedEnds.splice(0)));
      problems.push(...(await logs.problems(fleet.places)), ...memory.problems());
      say(`round ${number}: ${round.operations} operations, ${problems.length === 0 ? 'all well' : 'PROBLEMS'}`);
      if (problems.length > 0) {
        await keepReports(fleet, folder);
        break;
      }
    }
    // A run that ended early had no time for all of them.
    if (problems.length === 0) problems.push(...missing().map((kind) => `${kind} never struck`));
  } catch (error) {
    problems.push((error as Error).stack ?? String(error));
  }
  await Promise.all(fleet.places.map(async (server) => await server.stop()));
  problems.push(...fleet.places.flatMap((server) => server.unexpectedEnds.splice(0)));
  problems.push(...(await logs.problems(fleet.places)));
  for (const problem of problems) say(`PROBLEM  ${problem}`);
  if (problems.length > 0) for (const complaint of operator.complaints.slice(-20)) say(`operator: ${complaint}`);
  const isKept = options.keep || problems.length > 0;
  if (isKept) await keepDisks(fleet);
  const { peak } = memory;
  await fleet[Symbol.asyncDispose]();
  if (!isKept) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  return {
    ...totals,
    logLines: logs.lines,
    memoryPeak: peak,
    faults,
    skipped,
    problems,
    kept: isKept ? folder : undefined,
  };
}

function settingsOf({ electionTimeoutMs }: TortureOptions): Record<string, unknown> {
  return {
    electionTimeoutMs,
    // Snapshots are taken and sent all the time.
    compactionEntries: 400,
    compactionBytes: 4 * 1_048_576,
    snapshotChunkBytes: 65_536,
    joinRetryMaxBackoffMs: 16_000,
  };
}

/** What every server says of itself at the moment of the failure. */
async function keepReports(fleet: Fleet, folder: string): Promise<void> {
  for (const [place, report] of await fleet.reports()) {
    await writeFile(join(folder, `node-${place + 1}`, 'status.json'), `${JSON.stringify(report, null, 2)}\n`);
  }
}

/** What lies on file systems of their own would go with them. */
async function keepDisks(fleet: Fleet): Promise<void> {
  for (const { disk, log } of fleet.places) {
    if (disk.kind === 'file-system')
      await cp(disk.data, join(log, '..', 'data'), { recursive: true }).catch(() => undefined);
  }
}
