import { parseArgs } from 'node:util';
import { FlotillaClient } from '@flotilla/client';
import { systemRuntime } from '@flotilla/runtime/system';
import { webSocketTransport } from '@flotilla/transport-ws';
import { median } from '../core/median.js';
import { measureDisk } from './disk.js';
import { LocalServers } from './local-servers.js';
import { type LoadResult, runLoad } from './load.js';

/** How the command is called. */
export const PUTS_USAGE: string = `bench puts [--clients 1,16,256] [--value-bytes 256] [--seconds 2] [--runs 5]

Durable puts a second and latency through the client on three local server processes, beside the raw durable-write rate of
the same disk in the same run. Servers and client share the machine.`;

interface Row extends LoadResult {
  readonly serverCpu: number;
  readonly clientCpu: number;
}

/** Measures every number of clients, prints a line for each, and a summary last. */
export async function runPuts(words: readonly string[], print: (line: string) => void): Promise<number> {
  const { values } = parseArgs({
    args: [...words],
    options: {
      clients: { type: 'string', default: '1,16,256' },
      'value-bytes': { type: 'string', default: '256' },
      seconds: { type: 'string', default: '2' },
      runs: { type: 'string', default: '5' },
    },
  });
  const counts = values.clients.split(',').map((word) => positive('clients', word));
  const valueBytes = positive('value-bytes', values['value-bytes']);
  const seconds = positive('seconds', values.seconds);
  const runs = positive('runs', values.runs);

  const before = await measureDisk(seconds / 2);
  await using servers = await LocalServers.start();
  await using transport = webSocketTransport({ runtime: systemRuntime });
  await using client = await FlotillaClient.connect({
    endpoints: servers.endpoints,
    transports: [transport],
    runtime: systemRuntime,
  });
  // Sessions are opened at the first write to a vShard, and code is compiled: neither belongs to the figures.
  await runLoad(client, 256, valueBytes, Math.max(2, seconds));
  print('clients     puts/s   p50 ms   p99 ms  p99.9 ms  servers CPU s/1,000  client CPU s/1,000');
  let last = 0;
  for (const clients of counts) {
    const rows: Row[] = [];
    for (let run = 0; run < runs; run++) rows.push(await measured(servers, client, clients, valueBytes, seconds));
    const middle = (field: keyof Row): number => median(rows.map((row) => row[field]));
    last = middle('putsPerSecond');
    print(
      [
        String(clients).padStart(7),
        Math.round(last).toString().padStart(10),
        middle('p50').toFixed(2).padStart(8),
        middle('p99').toFixed(2).padStart(8),
        middle('p999').toFixed(2).padStart(9),
        middle('serverCpu').toFixed(3).padStart(20),
        middle('clientCpu').toFixed(3).padStart(19),
      ].join(' '),
    );
  }
  const after = await measureDisk(seconds / 2);
  const overwrite = (before.overwrite + after.overwrite) / 2;
  print(
    `the disk alone, 4 KiB at a time: ${Math.round(overwrite)} durable overwrites/s, ${Math.round((before.append + after.append) / 2)} synced appends/s`,
  );
  print(
    `puts: ${Math.round(last)}/s with ${counts.at(-1)} clients, ${(last / overwrite).toFixed(2)} x the raw durable-write rate`,
  );
  return 0;
}

async function measured(
  servers: LocalServers,
  client: FlotillaClient,
  clients: number,
  valueBytes: number,
  seconds: number,
): Promise<Row> {
  const serverBefore = await servers.cpuSeconds();
  const clientBefore = process.cpuUsage();
  const result = await runLoad(client, clients, valueBytes, seconds);
  const { user, system } = process.cpuUsage(clientBefore);
  const perThousand = 1_000 / result.puts;
  return {
    ...result,
    serverCpu: ((await servers.cpuSeconds()) - serverBefore) * perThousand,
    clientCpu: ((user + system) / 1e6) * perThousand,
  };
}

function positive(name: string, word: string): number {
  const number = Number(word);
  if (!(number > 0)) throw new RangeError(`--${name} ${word}: a positive number is wanted`);
  return number;
}
