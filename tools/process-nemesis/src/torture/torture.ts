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
  const say = story(folder, options.say);
  const disk = diskKind(folder);
  const skipped = options.kinds.filter((kind) => kind === 'disk-full' && disk === 'none');
  const kinds = options.kinds.filter((kind) => !skipped.includes(kind));
  if (skipped.length > 0) say('disk-full is skipped: neither a file system can be mounted here nor is there prlimit');
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
  const run = new Run(options, { folder, say, kinds, fleet, memory });
  await run.torment();
  await run.end();
  const { problems, faults, totals, logs, operator } = run;
  for (const problem of problems) say(`PROBLEM  ${problem}`);
  if (problems.length > 0) for (const complaint of operator.complaints.slice(-20)) say(`operator: ${complaint}`);
  const isKept = options.keep || problems.length > 0;
  if (isKept) await keepDisks(fleet);
  await fleet[Symbol.asyncDispose]();
  if (!isKept) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  return {
    ...totals,
    logLines: logs.lines,
    memoryPeak: memory.peak,
    faults,
    skipped,
    problems,
    kept: isKept ? folder : undefined,
  };
}

/** What a run works with. */
interface RunParts {
  readonly folder: string;
  readonly say: (text: string) => void;
  readonly kinds: readonly NemesisKind[];
  readonly fleet: Fleet;
  readonly memory: MemoryWatch;
}

/** The rounds of one run, and what came of them. */
class Run {
  readonly problems: string[] = [];
  readonly faults = new FaultTally();
  readonly logs = new ServerLogs();
  readonly operator: Operator;
  readonly totals = { operations: 0, failed: 0, indeterminate: 0, events: 0, compared: 0, rounds: 0 };
  readonly #options: TortureOptions;
  readonly #parts: RunParts;

  constructor(options: TortureOptions, parts: RunParts) {
    this.#options = options;
    this.#parts = parts;
    this.operator = new Operator(parts.fleet);
  }

  /** Founds the cluster and torments it until the time is over, every kind has struck, or something was wrong. */
  async torment(): Promise<void> {
    const { fleet, folder, say } = this.#parts;
    const faultsMs = this.#options.minutes * 60_000;
    const rounds = Math.max(1, Math.ceil(faultsMs / ROUND_MS));
    try {
      fleet.found();
      await fleet.settled(FOUND_MS);
      say(`${fleet.members} servers serve`);
      for (let number = 1; number <= rounds + EXTRA_ROUNDS; number++) {
        const isExtra = number > rounds;
        if (isExtra && this.#missing().length === 0) break;
        await this.#round(number, faultsMs / rounds, isExtra);
        if (this.problems.length === 0) continue;
        await keepReports(fleet, folder);
        // A run that ends early had no time for all of them.
        return;
      }
      this.problems.push(...this.#missing().map((kind) => `${kind} never struck`));
    } catch (error) {
      this.problems.push((error as Error).stack ?? String(error));
    }
  }

  /** Kinds that have not struck. */
  #missing(): NemesisKind[] {
    return this.#parts.kinds.filter((kind) => this.faults.of(kind) === 0);
  }

  /** A round; one beyond the time is for the kinds that have not struck, and over as soon as they have. */
  async #round(number: number, faultsMs: number, isExtra: boolean): Promise<void> {
    const { fleet, folder, kinds, memory, say } = this.#parts;
    const round = await runRound({
      fleet,
      operator: this.operator,
      number,
      seed: `${this.#options.seed}/${number}`,
      faultsMs,
      kinds: isExtra ? this.#missing() : kinds,
      isEnough: () => isExtra && this.#missing().length === 0,
      tally: this.faults,
      electionTimeoutMs: this.#options.electionTimeoutMs,
      folder,
      say,
    });
    const { totals, problems } = this;
    totals.operations += round.operations;
    totals.failed += round.failed;
    totals.indeterminate += round.indeterminate;
    totals.events += round.events;
    totals.compared += round.compared;
    totals.rounds++;
    problems.push(...round.problems, ...unexpectedEnds(fleet), ...(await this.logs.problems(fleet.places)));
    problems.push(...memory.problems());
    say(`round ${number}: ${round.operations} operations, ${problems.length === 0 ? 'all well' : 'PROBLEMS'}`);
  }

  /** Ends all servers in good order. */
  async end(): Promise<void> {
    const { fleet } = this.#parts;
    fleet.network.heal();
    await Promise.all(fleet.places.map(async (server) => await server.stop()));
    this.problems.push(...unexpectedEnds(fleet), ...(await this.logs.problems(fleet.places)));
  }
}

/** Writes what happens down with the time since the beginning, and tells it. */
function story(folder: string, tell: (line: string) => void): (text: string) => void {
  const begun = performance.now();
  return (text) => {
    const line = `${((performance.now() - begun) / 1_000).toFixed(1).padStart(8)} s  ${text}`;
    appendFileSync(join(folder, 'story.log'), `${line}\n`);
    tell(line);
  };
}

/** Ends of processes that nobody brought about, each told once. */
function unexpectedEnds(fleet: Fleet): string[] {
  return fleet.places.flatMap((server) => server.unexpectedEnds.splice(0));
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
