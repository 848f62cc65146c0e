import { createServer } from 'node:net';
import { FlotillaError } from '@flotilla/errors';

/** Whether nothing listens on the loopback port, by listening there for a moment. */
export async function isPortFree(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/**
 * The wanted port if it is free, else the next free one above it that is not in `taken`.
 *
 * @throws {FlotillaError} AddressInUse when none of the next thousand is free.
 */
export async function freePort(wanted: number, taken: ReadonlySet<number>): Promise<number> {
  for (let port = wanted; port < Math.min(wanted + 1000, 65_536); port++) {
    if (!taken.has(port) && (await isPortFree(port))) return port;
  }
  throw new FlotillaError('AddressInUse', {
    message: `no free port on 127.0.0.1 from ${wanted} on; give another one with --base-port`,
    details: { address: `127.0.0.1:${wanted}` },
  });
}
