import type { Prng } from '@flotilla/runtime/virtual';
import type { TrafficTally } from '../network/direction.js';
import type { Network } from '../network/network.js';
import { drawOneWay, drawPartition, type Shape } from '../network/shapes.js';
import type { Traffic } from '../network/traffic.js';
import { sleep } from '../processes/until.js';
import type { Arena, Nemesis } from './nemesis.js';
import { leaderOfSome } from './victims.js';

/** Members are cut off from each other in both directions. */
export const partition: Nemesis = async (arena, random) => {
  const places = placesUp(arena);
  if (places.length < 2) return undefined;
  const shape = drawPartition(places, await leaderAmong(arena, places, random), random);
  return await cut(arena, shape, random);
};

/** Members hear others that do not hear them. */
export const oneWay: Nemesis = async (arena, random) => {
  const places = placesUp(arena);
  if (places.length < 2) return undefined;
  const shape = drawOneWay(places, await leaderAmong(arena, places, random), random);
  return await cut(arena, shape, random);
};

/** Some or all connections have latency and little room. */
export const slow: Nemesis = async (arena, random) => {
  const isWide = random.chance(0.5);
  const latencyMs = random.integer(10, arena.electionTimeoutMs);
  const bytesPerSecond = random.pick([20_000, 200_000, 2_000_000]);
  return await disturb(arena, random, isWide, { kind: 'slow', latencyMs, bytesPerSecond });
};

/** Some or all connections stall, as TCP does where packets are lost, and now and then are reset. */
export const lossy: Nemesis = async (arena, random) => {
  const isWide = random.chance(0.5);
  const stallMs = random.integer(50, arena.electionTimeoutMs);
  const traffic: Traffic = { kind: 'lossy', stalls: 0.03, stallMs, resets: random.pick([0.001, 0.01, 0.03]) };
  return await disturb(arena, random, isWide, traffic);
};

function placesUp({ fleet }: Arena): number[] {
  return fleet.running.map((server) => server.place);
}

async function leaderAmong({ fleet }: Arena, places: readonly number[], random: Prng): Promise<number | undefined> {
  const place = await leaderOfSome(fleet, random);
  return place !== undefined && places.includes(place) ? place : undefined;
}

async function cut(arena: Arena, shape: Shape, random: Prng): Promise<string | undefined> {
  const { network } = arena.fleet;
  const kind = random.pick(['held', 'swallowed'] as const);
  const done = await during(arena, random, () => network.set(shape.cut, { kind }));
  return done ? shape.name : undefined;
}

async function disturb(arena: Arena, random: Prng, isWide: boolean, traffic: Traffic): Promise<string | undefined> {
  const { network } = arena.fleet;
  const places = placesUp(arena);
  const [victim] = random.shuffled(places);
  const edges = network.edges(places).filter((edge) => isWide || (victim !== undefined && edge.includes(victim)));
  const done = await during(arena, random, () => network.set(edges, traffic));
  return done ? (isWide ? 'all' : 'one') : undefined;
}

/** Lets it last for up to some election timeouts, heals, and tells whether any byte or dial met it. */
async function during(arena: Arena, random: Prng, begin: () => void): Promise<boolean> {
  const { fleet, electionTimeoutMs, signal } = arena;
  const before = sum(fleet.network);
  begin();
  await sleep(electionTimeoutMs * random.pick([1, 3, 6, 10]) * (0.5 + random.float()), signal);
  fleet.network.heal();
  return sum(fleet.network) > before;
}

function sum({ tally }: Network): number {
  const each: TrafficTally = tally;
  return Object.values(each).reduce((total: number, one: number) => total + one, 0);
}
