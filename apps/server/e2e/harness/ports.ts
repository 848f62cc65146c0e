import { randomInt } from 'node:crypto';
import { type Server, createServer } from 'node:net';
import { freePort } from '../../src/dev/ports.js';

const given = new Set<number>();
/** The first port of this worker: two files run at a time, and neither may take a port whose server the other has just killed. */
const FIRST_PORT = process.env['VITEST_POOL_ID'] === '2' ? 21_000 : 12_000;
const PORTS = 9_000;

/** Free ports of the loopback address, none of them given before. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  // Below the range from which systems take ports for outgoing connections.
  let from = FIRST_PORT + randomInt(PORTS - 100);
  while (ports.length < count) {
    const port = await freePort(from, given);
    given.add(port);
    ports.push(port);
    from = port + 1;
  }
  return ports;
}

/** The first of `count` free ports that follow each other. */
export async function freePortRun(count: number): Promise<number> {
  for (;;) {
    const ports = await freePorts(count);
    if (ports.every((port, place) => port === (ports[0] ?? 0) + place)) return ports[0] ?? 0;
  }
}

/** Holds ports as another program would. */
export async function occupy(ports: readonly number[]): Promise<AsyncDisposable> {
  const servers: Server[] = [];
  for (const port of ports) {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
    servers.push(server);
  }
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))));
    },
  };
}
