// Loaded into a server process before its program: what it dials on the loopback address goes to its own proxies. The program
// itself knows nothing of it, and all members share one true map of addresses.
import { Socket } from 'node:net';

const dials = new Map(Object.entries(JSON.parse(process.env['NEMESIS_DIALS'] ?? '{}') as Record<string, number>));
delete process.env['NEMESIS_DIALS'];

/** The first argument of a connect: options, or node's own list of them and a callback. */
type ConnectArgument = Record<string, unknown> | [Record<string, unknown>, ...unknown[]];

const isOptions = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function redirect(options: Record<string, unknown>): void {
  const proxy = dials.get(String(options['port']));
  if (proxy !== undefined) options['port'] = proxy;
}

// Every connection of the process is made by this one method, whichever module asks for it.
const prototype = Socket.prototype as unknown as { connect(this: Socket, ...args: unknown[]): Socket };
const { connect } = prototype;
prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
  const first = args[0] as ConnectArgument | undefined;
  if (Array.isArray(first)) redirect(first[0]);
  else if (isOptions(first)) redirect(first);
  return connect.apply(this, args);
};
