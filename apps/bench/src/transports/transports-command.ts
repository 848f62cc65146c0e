import { availableParallelism, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import { makeCertificates } from './certificates.js';
import { versionOf } from './hosts.js';
import { LossyNetwork } from './lossy-network.js';
import { type CellConditions, measureCell } from './measure-cell.js';
import { medianOf } from './measured-median.js';
import {
  type Carrier,
  CARRIERS,
  type Cell,
  type Host,
  hasCertificates,
  isPortCarrier,
  isQuicCarrier,
  type Measured,
} from './plan.js';
import { type CellResult, table } from './table.js';

/** How the command is called. */
export const TRANSPORTS_USAGE: string = `bench transports [--carriers ${CARRIERS.join(',')}] [--loss 0,1,5]
                        [--pairs node-node,deno-deno,node-deno,deno-node] [--seconds 0.5] [--runs 3] [--snapshot-mib 16]
                        [--network own|loopback]

Round trips, requests, streams, and heartbeats beside a snapshot, over each of our transports and over what they stand on, at
these losses of packets (per cent), client and server in two processes. Medians of the runs, which take turns.`;

interface Options {
  readonly cells: readonly Cell[];
  readonly seconds: number;
  readonly runs: number;
  readonly snapshotMiB: number;
  readonly network: 'own' | 'loopback';
}

/** Measures every combination in turn, as often as was asked for, and prints one table. */
export async function runTransports(words: readonly string[], print: (line: string) => void): Promise<number> {
  const { cells, seconds, runs, snapshotMiB, network: wanted } = optionsOf(words);
  const opened = wanted === 'own' ? await LossyNetwork.open() : { unavailable: '--network loopback' };
  await using network = opened instanceof LossyNetwork ? opened : undefined;
  const deno = versionOf('deno');
  print(
    `Node ${versionOf('node')}, Deno ${deno ?? 'absent'}, Linux ${release()}, ${availableParallelism()} cores, load ${load()}; ` +
      (network === undefined
        ? 'the loopback of this machine, QUIC through a proxy'
        : 'packets of 1,500 bytes in a network of its own'),
  );
  const why = (cell: Cell): string | undefined => {
    if (cell.loss > 0 && !isQuicCarrier(cell.carrier) && 'unavailable' in opened) {
      return `no packet of TCP is lost here: ${opened.unavailable}`;
    }
    if (deno === undefined && [cell.client, cell.server].includes('deno')) return 'Deno is not installed';
    return undefined;
  };
  const results = await measureAll(cells, runs, why, {
    programs: {
      server: new URL('./transports/server.js', import.meta.url),
      client: new URL('./transports/client.js', import.meta.url),
    },
    network,
    tls: cells.some(({ carrier }) => hasCertificates(carrier))
      ? makeCertificates(new URL('../../server/bin/flotilla.js', import.meta.url))
      : undefined,
    seconds,
    snapshotRate: snapshotMiB * 1024 * 1024,
  });
  for (const line of table(results)) print(line);
  print(`load at the end ${load()}`);
  return 0;
}

const load = (): string => loadavg()[0]?.toFixed(1) ?? '?';

/** Runs take turns, so that what else the machine does meanwhile falls on all alike. A cell that failed is not tried again. */
async function measureAll(
  cells: readonly Cell[],
  runs: number,
  reasonAgainst: (cell: Cell) => string | undefined,
  conditions: CellConditions,
): Promise<readonly CellResult[]> {
  const columns = cells.map((cell) => ({ cell, reason: reasonAgainst(cell), measured: [] as Measured[] }));
  for (let run = 0; run < runs; run++) {
    for (const column of columns) {
      if (column.reason !== undefined) continue;
      try {
        column.measured.push(await measureCell(column.cell, conditions));
      } catch (error) {
        column.reason = error instanceof Error ? error.message : String(error);
      }
    }
  }
  return columns.map(({ cell, reason, measured }) =>
    reason === undefined ? { cell, measured: medianOf(measured) } : { cell, reason },
  );
}

function optionsOf(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      carriers: { type: 'string', default: CARRIERS.join(',') },
      pairs: { type: 'string', default: 'node-node,deno-deno,node-deno,deno-node' },
      loss: { type: 'string', default: '0,1,5' },
      seconds: { type: 'string', default: '0.5' },
      runs: { type: 'string', default: '3' },
      'snapshot-mib': { type: 'string', default: '16' },
      network: { type: 'string', default: 'own' },
    },
  });
  const carriers = values.carriers.split(',').map(carrierOf);
  const pairs = values.pairs.split(',').map(pairOf);
  const losses = values.loss.split(',').map(lossOf);
  return {
    cells: carriers.flatMap((carrier) => cellsOf(carrier, pairs, losses)),
    seconds: positive('seconds', values.seconds),
    runs: positive('runs', values.runs),
    snapshotMiB: positive('snapshot-mib', values['snapshot-mib']),
    network: networkOf(values.network),
  };
}

/**
 * Ports join threads of one process, and lose nothing. What stands beside our transports for comparison is not measured between two
 * runtimes.
 */
function cellsOf(
  carrier: Carrier,
  pairs: readonly (readonly [Host, Host])[],
  losses: readonly number[],
): readonly Cell[] {
  const isAcross = carrier === 'ws' || carrier === 'quic';
  return pairs
    .filter(([client, server]) => isAcross || client === server)
    .flatMap(([client, server]) =>
      losses.filter((loss) => !isPortCarrier(carrier) || loss === 0).map((loss) => ({ carrier, client, server, loss })),
    );
}

function carrierOf(word: string): Carrier {
  const carrier = CARRIERS.find((name) => name === word);
  if (carrier === undefined) throw new RangeError(`--carriers ${word}: ${CARRIERS.join(', ')} are all there are`);
  return carrier;
}

function pairOf(word: string): readonly [Host, Host] {
  const [client, server, ...rest] = word.split('-').map(hostOf);
  if (client === undefined || server === undefined || rest.length > 0) {
    throw new RangeError(`--pairs ${word}: two runtimes are wanted, as in node-deno`);
  }
  return [client, server];
}

function hostOf(word: string): Host {
  if (word !== 'node' && word !== 'deno') throw new RangeError(`--pairs ${word}: node and deno are all there are`);
  return word;
}

function networkOf(word: string): Options['network'] {
  if (word !== 'own' && word !== 'loopback') {
    throw new RangeError(`--network ${word}: own and loopback are all there are`);
  }
  return word;
}

function lossOf(word: string): number {
  const percent = Number(word);
  if (!(percent >= 0 && percent < 100)) throw new RangeError(`--loss ${word}: per cent from 0 on, below 100`);
  return percent / 100;
}

function positive(name: string, word: string): number {
  const number = Number(word);
  if (!(number > 0)) throw new RangeError(`--${name} ${word}: a positive number is wanted`);
  return number;
}
