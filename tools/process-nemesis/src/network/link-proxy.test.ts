import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Prng } from '@flotilla/runtime/virtual';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Network } from './network.js';
import type { Traffic } from './traffic.js';

let servers: Server[];
let accepted: Socket[];
let network: Network;
let dialled: Socket[];

beforeEach(async () => {
  accepted = [];
  dialled = [];
  servers = [0, 1].map(() => createServer({ noDelay: true }, (socket) => accept(socket)));
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    ports.push(typeof address === 'object' && address !== null ? address.port : 0);
  }
  network = await Network.start(ports, new Prng(1));
});
afterEach(async () => {
  for (const socket of [...dialled, ...accepted]) socket.destroy();
  await network[Symbol.asyncDispose]();
  for (const server of servers) server.close();
});

const arrived: ((socket: Socket) => void)[] = [];
function accept(socket: Socket): void {
  socket.on('error', () => undefined);
  accepted.push(socket);
  for (const wake of arrived.splice(0)) wake(socket);
}

/** Place 0 dials place 1. */
const dial = (): Socket => {
  const [port] = Object.values(network.dialsOf(0));
  const socket = connect({ port: port ?? 0, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  dialled.push(socket);
  return socket;
};
const nextAccepted = async (): Promise<Socket> => await new Promise((resolve) => arrived.push(resolve));
const pair = async (): Promise<[Socket, Socket]> => {
  const there = nextAccepted();
  const here = dial();
  return [here, await there];
};
/** The end of a connection, in good order or by a reset. */
const closeOf = async (socket: Socket): Promise<void> =>
  await new Promise((resolve) => socket.once('close', () => resolve()));
/** The bytes that came, as text, once there are as many. */
const received = async (socket: Socket, length: number): Promise<string> => {
  let text = '';
  while (text.length < length) text += String((await once(socket, 'data'))[0]);
  return text;
};
const there = (traffic: Traffic): void => network.set([[0, 1]], traffic);
const back = (traffic: Traffic): void => network.set([[1, 0]], traffic);

test('bytes go both ways, in order', async () => {
  const [here, far] = await pair();
  here.write('one');
  here.write('two');
  expect(await received(far, 6)).toBe('onetwo');
  far.write('three');
  expect(await received(here, 5)).toBe('three');
});

test('what is held arrives when the direction opens, all of it and in order; the other direction goes on', async () => {
  const [here, far] = await pair();
  there({ kind: 'held' });
  here.write('late');
  far.write('back');
  expect(await received(here, 4)).toBe('back');
  expect(network.tally.heldBytes).toBe(4);
  expect(far.bytesRead).toBe(0);
  network.heal();
  expect(await received(far, 4)).toBe('late');
});

test('a connection that lost bytes lives as long as they are swallowed, and is reset when the direction opens', async () => {
  const [here, far] = await pair();
  there({ kind: 'swallowed' });
  here.write('gone');
  far.write('back');
  expect(await received(here, 4)).toBe('back');
  expect(network.tally.swallowedBytes).toBe(4);
  const closed = [closeOf(here), closeOf(far)];
  network.heal();
  await Promise.all(closed);
  expect(far.bytesRead).toBe(0);
});

test('a dial is not answered while either direction is cut, and is once both are open', async () => {
  back({ kind: 'held' });
  const far = nextAccepted();
  const here = dial();
  await once(here, 'connect');
  here.write('hello');
  there({ kind: 'swallowed' });
  back({ kind: 'open' });
  expect(accepted).toEqual([]);
  expect(network.tally.unansweredDials).toBe(1);
  there({ kind: 'open' });
  expect(await received(await far, 5)).toBe('hello');
});

test('the end of a connection is not heard of through a direction that is held', async () => {
  const [here, far] = await pair();
  back({ kind: 'held' });
  far.destroy();
  here.write('into the void');
  // A second connection, made and closed meanwhile, shows that time has passed.
  back({ kind: 'open' });
  back({ kind: 'held' });
  const closed = closeOf(here);
  network.heal();
  await closed;
});

test('behind what was sent before, the end is heard of', async () => {
  const [here, far] = await pair();
  there({ kind: 'slow', latencyMs: 20, bytesPerSecond: 1_000_000 });
  const closed = closeOf(far);
  here.write('last words');
  here.destroySoon();
  expect(await received(far, 10)).toBe('last words');
  await closed;
});

test('slow bytes wait for the latency, and are delayed by what the room is too small for', async () => {
  const [here, far] = await pair();
  there({ kind: 'slow', latencyMs: 40, bytesPerSecond: 100_000 });
  const begun = performance.now();
  here.write('x'.repeat(10_000));
  await received(far, 10_000);
  expect(performance.now() - begun).toBeGreaterThanOrEqual(130);
  expect(network.tally.delayedPieces).toBeGreaterThan(0);
});

test('a lossy direction stalls, and resets', async () => {
  const [here, far] = await pair();
  there({ kind: 'lossy', stalls: 1, stallMs: 5, resets: 0 });
  here.write('slowly');
  expect(await received(far, 6)).toBe('slowly');
  expect(network.tally.stalls).toBe(1);
  there({ kind: 'lossy', stalls: 0, stallMs: 5, resets: 1 });
  const closed = [closeOf(here), closeOf(far)];
  here.write('never');
  await Promise.all(closed);
  expect(network.tally.resets).toBe(1);
});

test('whoever dials a place where nobody listens is refused', async () => {
  servers[1]?.close();
  const here = dial();
  await closeOf(here);
});
