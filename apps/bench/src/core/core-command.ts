import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { CoreShape, PayloadSource, ProposalMode } from './core-shape.js';
import type { buildEtcdRaft } from './etcd-raft.js';
import { ETCD_RAFT_VERSION } from './etcd-raft-program.js';
import { median, spread } from './median.js';
import { shapeWords } from './parse-shape.js';

/** What the command needs of the process that it runs in. */
export interface CoreCommandEnvironment {
  readonly print: (line: string) => void;
  /** Measures our own core. */
  readonly measure: (shape: CoreShape) => readonly number[];
  readonly buildPeer: typeof buildEtcdRaft;
}

/** How the command is called. */
export const CORE_USAGE: string = `bench core [--groups 1,64] [--batches 1,16,64] [--modes calls,one] [--payloads own,slab] [--seconds 0.5] [--runs 3]

Entries that groups of three nodes in one thread commit and apply for each second of CPU time, 256 bytes each, nothing on
disk and nothing encoded, beside etcd/raft ${ETCD_RAFT_VERSION} doing the same. Modes: one call for each proposal, or one
for a batch. Payloads of ours: an array of its own for each, as the peer's are, or cut from slabs, as a host's are; the summary
is of the former.`;

const SUMMARY_BATCH = 16;
const HEAD = ['mode', 'payload', 'groups', 'batch', 'entries/CPU s', 'spread', 'etcd/raft', 'spread', 'ratio'];
const WIDTHS = [5, 7, 6, 5, 13, 7, 10, 7, 6];

/** Measures every combination, prints a line for each, and a summary last. */
export function runCore(words: readonly string[], environment: CoreCommandEnvironment): number {
  const { print } = environment;
  const shapes = shapesOf(words);
  const peer = environment.buildPeer();
  if (!peer.isMeasured) print(`etcd/raft ${ETCD_RAFT_VERSION} is not measured: ${peer.reason}`);
  print(row(HEAD));
  let summary = '';
  for (const shape of shapes) {
    const ours = environment.measure(shape);
    const theirs = peer.isMeasured ? peer.measure(shape) : undefined;
    print(describe(shape, ours, theirs));
    if (isSummarised(shape, shapes)) summary = summarise(ours, theirs, shape, peer.isMeasured ? '' : peer.reason);
  }
  if (peer.isMeasured) peer[Symbol.dispose]();
  print(summary);
  return 0;
}

/** Runs a measurement in a process of its own. */
export function measureInProcess(shape: CoreShape): readonly number[] {
  const program = fileURLToPath(new URL('./core/cell.js', import.meta.url));
  const output = execFileSync(process.execPath, [program, ...shapeWords(shape)], { encoding: 'utf8' });
  return JSON.parse(output) as readonly number[];
}

function shapesOf(words: readonly string[]): readonly CoreShape[] {
  const { values } = parseArgs({
    args: [...words],
    options: {
      groups: { type: 'string', default: '1,64' },
      batches: { type: 'string', default: '1,16,64' },
      modes: { type: 'string', default: 'calls,one' },
      payloads: { type: 'string', default: 'own,slab' },
      seconds: { type: 'string', default: '0.5' },
      runs: { type: 'string', default: '3' },
    },
  });
  const [seconds = 0] = positive('seconds', values.seconds);
  const [runs = 0] = positive('runs', values.runs);
  return modesOf(values.modes).flatMap((mode) =>
    positive('groups', values.groups).flatMap((groups) =>
      positive('batches', values.batches).flatMap((batch) =>
        payloadsOf(values.payloads).map((payload) => ({ mode, payload, groups, batch, seconds, runs })),
      ),
    ),
  );
}

function positive(name: string, list: string): readonly number[] {
  const numbers = list.split(',').map(Number);
  if (!numbers.every((number) => number > 0)) throw new RangeError(`--${name} ${list}: positive numbers are wanted`);
  return numbers;
}

function modesOf(list: string): readonly ProposalMode[] {
  return list.split(',').map((word) => {
    if (word !== 'calls' && word !== 'one') throw new RangeError(`--modes ${list}: calls and one are all there are`);
    return word;
  });
}

function payloadsOf(list: string): readonly PayloadSource[] {
  return list.split(',').map((word) => {
    if (word !== 'own' && word !== 'slab') throw new RangeError(`--payloads ${list}: own and slab are all there are`);
    return word;
  });
}

function describe(
  { mode, payload, groups, batch }: CoreShape,
  ours: readonly number[],
  theirs?: readonly number[],
): string {
  const cells = [mode, payload, String(groups), String(batch), thousands(median(ours)), spread(ours)];
  if (theirs !== undefined) {
    cells.push(thousands(median(theirs)), spread(theirs), (median(ours) / median(theirs)).toFixed(2));
  }
  return row(cells);
}

/** One batch for a whole turn, in a single group, is what a host does that collects proposals. */
function isSummarised(shape: CoreShape, shapes: readonly CoreShape[]): boolean {
  const preferred =
    shapes.find(({ mode, payload, groups, batch }) => {
      return mode === 'one' && payload === 'own' && groups === 1 && batch === SUMMARY_BATCH;
    }) ?? shapes[0];
  return shape === preferred;
}

function summarise(
  ours: readonly number[],
  theirs: readonly number[] | undefined,
  { batch, payload }: CoreShape,
  reason: string,
): string {
  const rate = `core: ${thousands(median(ours))} entries per CPU second at batch ${batch}${payload === 'own' ? '' : ', payloads from slabs'}`;
  if (theirs === undefined) return `${rate}, etcd/raft not measured: ${reason}`;
  return `${rate}, ${(median(ours) / median(theirs)).toFixed(2)} x etcd/raft ${ETCD_RAFT_VERSION}`;
}

const thousands = (rate: number): string => Math.round(rate).toString();

function row(cells: readonly string[]): string {
  return cells.map((cell, at) => cell.padStart(WIDTHS[at] ?? 0)).join('  ');
}
