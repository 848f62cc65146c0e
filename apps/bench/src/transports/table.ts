import { aligned } from '../text/aligned.js';
import type { Cell, Delays, Measured, RoundTrips } from './plan.js';

/** What became of one combination. */
export type CellResult =
  | { readonly cell: Cell; readonly measured: Measured }
  | { readonly cell: Cell; readonly reason: string };

/** A column: its head of two lines, and what stands in it. */
interface Column {
  readonly head: readonly [string, string];
  readonly text: (measured: Measured, cell: Cell) => string;
}

const rate = (trips: RoundTrips | undefined): string =>
  trips === undefined ? '-' : Math.round(trips.perSecond).toString();
const microseconds = (delays: Delays | undefined): string =>
  delays === undefined ? '-' : `${Math.round(delays.p50 * 1_000)}/${Math.round(delays.p99 * 1_000)}`;
const milliseconds = ({ p50, p99 }: Delays): string => `${p50.toFixed(1)}/${p99.toFixed(1)}`;
const times = (ours: number | undefined, theirs: number | undefined): string =>
  ours === undefined || theirs === undefined ? '-' : (ours / theirs).toFixed(2);

const CELL_COLUMNS: readonly (readonly [head: string, text: (cell: Cell) => string])[] = [
  ['carrier', ({ carrier }) => carrier],
  ['client', ({ client }) => client],
  ['server', ({ server }) => server],
  ['loss %', ({ loss }) => String(loss * 100)],
];

const FIGURES: readonly Column[] = [
  { head: ['64 B x1', '/s'], text: ({ frames }) => rate(frames['64x1']) },
  { head: ['p50/p99', 'us'], text: ({ frames }) => microseconds(frames['64x1']) },
  { head: ['64 B x64', '/s'], text: ({ frames }) => rate(frames['64x64']) },
  { head: ['1 KiB x1', '/s'], text: ({ frames }) => rate(frames['1024x1']) },
  { head: ['1 KiB x64', '/s'], text: ({ frames }) => rate(frames['1024x64']) },
  { head: ['request x1', '/s'], text: ({ requests }) => rate(requests?.['1']) },
  { head: ['request x64', '/s'], text: ({ requests }) => rate(requests?.['64']) },
  { head: ['stream', 'MiB/s'], text: ({ streamMiB }) => streamMiB.toFixed(0) },
  { head: ['heartbeat', 'p50/p99 ms'], text: ({ heartbeatAlone }) => milliseconds(heartbeatAlone) },
  {
    head: ['beside a snapshot', 'p50/p99 ms'],
    text: ({ heartbeatBesideSnapshot }) => milliseconds(heartbeatBesideSnapshot),
  },
  { head: ['of', 'MiB/s'], text: ({ snapshotMiB }) => snapshotMiB.toFixed(1) },
];

const RATIOS: readonly (readonly [head: string, text: (measured: Measured, other: Measured) => string])[] = [
  ['64 B x1', (m, o) => times(m.frames['64x1']?.perSecond, o.frames['64x1']?.perSecond)],
  ['64 B x64', (m, o) => times(m.frames['64x64']?.perSecond, o.frames['64x64']?.perSecond)],
  ['1 KiB x64', (m, o) => times(m.frames['1024x64']?.perSecond, o.frames['1024x64']?.perSecond)],
  ['request x1', (m, o) => times(m.requests?.['1']?.perSecond, o.requests?.['1']?.perSecond)],
  ['request x64', (m, o) => times(m.requests?.['64']?.perSecond, o.requests?.['64']?.perSecond)],
  ['stream', (m, o) => times(m.streamMiB, o.streamMiB)],
  ['heartbeat p99', (m, o) => times(m.heartbeatAlone.p99, o.heartbeatAlone.p99)],
  ['beside a snapshot p99', (m, o) => times(m.heartbeatBesideSnapshot.p99, o.heartbeatBesideSnapshot.p99)],
];

/** All figures; then, of each carrier, the ratio of its figures to those of `ws` between the same programs at the same loss. */
export function table(results: readonly CellResult[]): readonly string[] {
  return [
    'echoes of frames and requests a second, one and 64 under way; a stream one way; heartbeats of 64 B every 5 ms and back, alone and beside a snapshot',
    ...aligned([
      [...CELL_COLUMNS.map(([head]) => head), ...FIGURES.map(({ head }) => head[0])],
      [...CELL_COLUMNS.map(() => ''), ...FIGURES.map(({ head }) => head[1])],
      ...results.map((result) => [
        ...CELL_COLUMNS.map(([, text]) => text(result.cell)),
        ...('measured' in result
          ? FIGURES.map(({ text }) => text(result.measured, result.cell))
          : [`not measured: ${result.reason}`]),
      ]),
    ]),
    '',
    'ratios to ws between the same programs at the same loss; of delays, lower is better',
    ...aligned([
      [...CELL_COLUMNS.map(([head]) => head), ...RATIOS.map(([head]) => head)],
      ...results.flatMap((result) => {
        const other = results.find((candidate) => isWebSocketOf(candidate, result.cell));
        if (!('measured' in result) || other === undefined || other === result || !('measured' in other)) return [];
        return [
          [
            ...CELL_COLUMNS.map(([, text]) => text(result.cell)),
            ...RATIOS.map(([, text]) => text(result.measured, other.measured)),
          ],
        ];
      }),
    ]),
  ];
}

function isWebSocketOf({ cell }: CellResult, { client, server, loss }: Cell): boolean {
  return cell.carrier === 'ws' && cell.client === client && cell.server === server && cell.loss === loss;
}
