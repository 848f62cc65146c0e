import type { Prng } from '@flotilla/runtime/virtual';
import type { Edge } from './network.js';

/** A partition: which directions it cuts, and its name. */
export interface Shape {
  readonly name: string;
  readonly cut: readonly Edge[];
}

const bothWays = (one: number, other: number): Edge[] => [
  [one, other],
  [other, one],
];

/** Every direction between two sets. */
function between(some: readonly number[], others: readonly number[]): Edge[] {
  return some.flatMap((one) => others.flatMap((other) => bothWays(one, other)));
}

/** One member cut off from all others. */
export function isolate(places: readonly number[], place: number): Shape {
  return {
    name: 'isolate',
    cut: between(
      [place],
      places.filter((one) => one !== place),
    ),
  };
}

/** Two members that do not hear each other; all others hear both. */
function pair(places: readonly number[], random: Prng): Shape {
  const [one = 0, other = 0] = random.shuffled(places);
  return { name: 'pair', cut: bothWays(one, other) };
}

/** Two halves as even as can be. */
function halves(places: readonly number[], random: Prng): Shape {
  const order = random.shuffled(places);
  const half = Math.floor(order.length / 2);
  return { name: 'halves', cut: between(order.slice(0, half), order.slice(half)) };
}

/** Two halves that only one member hears both of. */
function bridge(places: readonly number[], random: Prng): Shape {
  const [, ...order] = random.shuffled(places);
  const half = Math.floor(order.length / 2);
  return { name: 'bridge', cut: between(order.slice(0, half), order.slice(half)) };
}

/** Every member hears a majority, and no two hear the same one: a ring in which each hears its nearest only. */
function majorityRing(places: readonly number[], random: Prng): Shape {
  const ring = random.shuffled(places);
  const reach = Math.ceil(Math.floor(ring.length / 2) / 2);
  const cut = ring.flatMap((one, at) =>
    ring.flatMap((other, index): Edge[] => {
      const steps = Math.abs(at - index);
      const distance = Math.min(steps, ring.length - steps);
      return distance > reach ? [[one, other]] : [];
    }),
  );
  return { name: 'majority-ring', cut };
}

/** A partition in both directions. `leader` is who is isolated where one is, for half of the cases. */
export function drawPartition(places: readonly number[], leader: number | undefined, random: Prng): Shape {
  const shapes = [
    () => isolate(places, random.pick(places)),
    () =>
      leader === undefined ? isolate(places, random.pick(places)) : { ...isolate(places, leader), name: 'leader' },
    () => halves(places, random),
    () => pair(places, random),
    () => bridge(places, random),
    ...(places.length > 3 ? [() => majorityRing(places, random)] : []),
  ];
  return random.pick(shapes)();
}

/** A cut of some directions whose opposites stay open. */
export function drawOneWay(places: readonly number[], leader: number | undefined, random: Prng): Shape {
  const victim = leader !== undefined && random.chance(0.6) ? leader : random.pick(places);
  const others = places.filter((place) => place !== victim);
  const shapes: (() => Shape)[] = [
    () => ({ name: 'deaf', cut: others.map((other): Edge => [other, victim]) }),
    () => ({ name: 'mute', cut: others.map((other): Edge => [victim, other]) }),
    () => ({ name: 'one-pair', cut: [[victim, random.pick(others)]] }),
    () => {
      const ring = random.shuffled(places);
      return { name: 'circle', cut: ring.map((place, at): Edge => [place, ring[(at + 1) % ring.length] ?? place]) };
    },
  ];
  return random.pick(shapes)();
}
