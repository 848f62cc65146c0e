import type { Prng } from '@flotilla/runtime/virtual';
import type { FaultTarget } from '../fault-action.js';
import type { Fault, FaultScope } from '../fault.js';
import { faultsInForce } from '../in-force/faults-in-force.js';
import type { LinkFault } from '../in-force/link-faults.js';
import { drawLink, drawMachine, drawSpread, struckMachine } from '../targets.js';
import { linkFault } from './link-fault.js';

/** From shorter than a heartbeat to many election timeouts. */
const LASTS_MS = [40, 20_000] as const;

/** Two sides that do not hear each other. */
export const symmetricPartition: Fault = linkFault({
  kind: 'symmetric-partition',
  everyMs: 8_000,
  lastsMs: LASTS_MS,
  target: splitInTwo,
  links: (_cluster, { target }) => (target.kind === 'split' ? between(target.sides) : []),
});

/** One direction between two machines: the one hears, and is not heard. */
export const oneWayCut: Fault = linkFault({
  kind: 'one-way-cut',
  everyMs: 4_000,
  lastsMs: LASTS_MS,
  target: drawLink,
  links: (_cluster, { target }) => (target.kind === 'link' ? [{ from: target.from, to: target.to, cut: true }] : []),
});

/** A machine that is heard by all and hears nobody: a leader so struck must step down (check-quorum). */
export const deafNode: Fault = linkFault({
  kind: 'deaf-node',
  everyMs: 10_000,
  lastsMs: LASTS_MS,
  target: drawMachine,
  links: (cluster, { target }) => {
    const deaf = struckMachine(cluster, target)?.name;
    return others(cluster.names, deaf).map(([other, machine]) => ({ from: other, to: machine, cut: true }));
  },
});

/** A machine that hears all and is heard by nobody. */
export const muteNode: Fault = linkFault({
  kind: 'mute-node',
  everyMs: 10_000,
  lastsMs: LASTS_MS,
  target: drawMachine,
  links: (cluster, { target }) => {
    const mute = struckMachine(cluster, target)?.name;
    return others(cluster.names, mute).map(([other, machine]) => ({ from: machine, to: other, cut: true }));
  },
});

/** Two sides, and one machine that hears both: neither side can do without it. */
export const bridge: Fault = linkFault({
  kind: 'bridge',
  everyMs: 10_000,
  lastsMs: LASTS_MS,
  target: (scope, prng) => {
    const [, ...rest] = prng.shuffled(scope.nodes);
    return splitInTwo({ ...scope, nodes: rest }, prng);
  },
  links: (_cluster, { target }) => (target.kind === 'split' ? between(target.sides) : []),
});

/**
 * Every machine hears itself and its neighbours on a ring, enough for a majority, and no two of them the same one (Jepsen's majorities-ring).
 * Of three machines each loses one of its two links in one direction.
 */
export const majorityRing: Fault = linkFault({
  kind: 'majority-ring',
  everyMs: 10_000,
  lastsMs: LASTS_MS,
  target: (scope, prng) => ({ kind: 'split', sides: prng.shuffled(scope.nodes).map((node) => [node]) }),
  links: (_cluster, { target }) => (target.kind === 'split' ? ringCuts(target.sides.flat()) : []),
});

/** A few links cut both ways, without any order: most machines still hear most others (a partial partition). */
export const partialPartition: Fault = linkFault({
  kind: 'partial-partition',
  everyMs: 8_000,
  lastsMs: LASTS_MS,
  target: (scope, prng) => ({ kind: 'split', sides: [prng.shuffled(scope.nodes)] }),
  amount: (prng) => 0.2 + 0.4 * prng.float(),
  links: (_cluster, { target, amount }) => {
    if (target.kind !== 'split') return [];
    const nodes = target.sides.flat();
    const pairs = nodes.flatMap((a, at) => nodes.slice(at + 1).map((b) => [a, b] as const));
    const cut = pairs.slice(0, Math.max(1, Math.floor(pairs.length * amount)));
    return cut.flatMap(([a, b]) => bothWays(a, b));
  },
});

/** One machine without any link, to clients neither. */
export const isolation: Fault = {
  kind: 'isolation',
  family: 'network',
  everyMs: 8_000,
  draw: (scope, prng) => ({
    target: drawMachine(scope, prng),
    durationMs: drawSpread(prng, ...LASTS_MS),
    amount: 0,
    choice: prng.float(),
  }),
  inject: (cluster, action) => {
    const node = struckMachine(cluster, action.target);
    const inForce = faultsInForce(cluster);
    if (node !== undefined) inForce.links.isolate(action, node.name, () => inForce.tookEffect(action));
  },
  heal: (cluster, action) => faultsInForce(cluster).links.lift(action),
};

function splitInTwo(scope: Pick<FaultScope, 'nodes'>, prng: Prng): FaultTarget {
  const shuffled = prng.shuffled(scope.nodes);
  const first = shuffled.length < 2 ? shuffled.length : prng.integer(1, shuffled.length);
  return { kind: 'split', sides: [shuffled.slice(0, first), shuffled.slice(first)] };
}

function between(sides: readonly (readonly string[])[]): LinkFault[] {
  return sides.flatMap((side, at) =>
    sides.slice(at + 1).flatMap((rest) => side.flatMap((a) => rest.flatMap((b) => bothWays(a, b)))),
  );
}

function bothWays(a: string, b: string): LinkFault[] {
  return [
    { from: a, to: b, cut: true },
    { from: b, to: a, cut: true },
  ];
}

/** Pairs of another machine and the one. */
function others(names: readonly string[], machine: string | undefined): [string, string][] {
  return machine === undefined ? [] : names.filter((name) => name !== machine).map((name) => [name, machine]);
}

/** What arrives from machines that are too far behind on the ring is lost. */
function ringCuts(ring: readonly string[]): LinkFault[] {
  const heard = Math.floor(ring.length / 2) + 1;
  return ring.flatMap((to, at) =>
    ring.flatMap((from, position): LinkFault[] => {
      const behind = (at - position + ring.length) % ring.length;
      return behind < heard ? [] : [{ from, to, cut: true }];
    }),
  );
}
