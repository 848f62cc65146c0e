import type { ConfState } from '@flotilla/raft-core';
import type { Prng } from '@flotilla/runtime/virtual';
import type { ObservedCluster } from '../observation/observed-cluster.js';

/** A part of a cluster that can serve without the rest. */
export interface Core {
  /** Names of its machines. */
  readonly inside: readonly string[];
  /** Names of all others. */
  readonly outside: readonly string[];
}

/** How likely a machine that can be done without is left outside. */
const OUTSIDE_CHANCE = 0.85;

/**
 * Draws a part of the machines with a majority of every group's voters, in both halves of a joint configuration; undefined where all
 * machines together have none, as while a lost disk is being replaced.
 */
export function drawCore(observed: ObservedCluster, machines: readonly string[], prng: Prng): Core | undefined {
  if (insufficiency(observed, machines) !== undefined) return undefined;
  let inside = [...machines];
  for (const name of prng.shuffled(machines)) {
    const without = inside.filter((other) => other !== name);
    if (insufficiency(observed, without) === undefined && prng.chance(OUTSIDE_CHANCE)) inside = without;
  }
  return { inside, outside: machines.filter((name) => !inside.includes(name)) };
}

/**
 * Why these machines cannot do without the others, in words; undefined when they can. Of each group the two newest configurations count that
 * any replica came to: one that has not applied the newest one yet needs a majority of that before it.
 */
export function insufficiency(observed: ObservedCluster, machines: readonly string[]): string | undefined {
  const present = new Set<number>();
  for (const name of machines) {
    const machine = observed.machines.get(name);
    if (machine !== undefined && machine.nodeId !== 0) present.add(machine.nodeId);
  }
  for (const { id, configurations } of observed.groups.values()) {
    for (const { configuration } of configurations.records.slice(-2)) {
      const lacking = halves(configuration).find((half) => !isMajority(half, present));
      if (lacking !== undefined)
        return `group ${id} needs a majority of ${lacking.join(' ')}, and there are ${[...present].join(' ')}`;
    }
  }
  return undefined;
}

function halves({ voters, votersOutgoing }: ConfState): (readonly number[])[] {
  return votersOutgoing.length === 0 ? [voters] : [voters, votersOutgoing];
}

function isMajority(voters: readonly number[], present: ReadonlySet<number>): boolean {
  return voters.filter((voter) => present.has(voter)).length * 2 > voters.length;
}
