import { utf8Encode } from '@flotilla/bytes';
import { Prng } from '@flotilla/runtime/virtual';
import { describe, expect, test } from 'vitest';
import { ClusterWorld, type ClusterWorldNode } from './world/cluster-world.js';

const GROUPS = 3;
const NAMES = ['a', 'b', 'c', 'd', 'e'];
const STEPS = 25;

interface Write {
  readonly group: number;
  readonly text: string;
}

/** A cluster under a random schedule of crashes, cuts, joins, removals and writes, with what must hold at every step. */
class Schedule {
  readonly world: ClusterWorld;
  readonly #prng: Prng;
  readonly #seeds = NAMES.slice(0, 3).map((name) => `mem://${name}:1`);
  readonly #acknowledged: Write[] = [];
  readonly #writes: Promise<unknown>[] = [];
  readonly #removed = new Set<number>();
  readonly #marks = new Map<string, number>();
  readonly #epochs = new Map<number, string>();
  #written = 0;

  constructor(seed: number) {
    this.world = new ClusterWorld({ seed, config: { numGroups: GROUPS } });
    this.#prng = new Prng(`schedule/${seed}`);
  }

  async run(): Promise<void> {
    for (const name of NAMES.slice(0, 3)) await this.world.node(name).start({ seeds: this.#seeds });
    for (let step = 0; step < STEPS; step++) {
      await this.#step();
      await this.world.virtual.advance(this.#prng.integer(0, 800));
      await this.#replaceRemoved();
      this.#check();
    }
  }

  async #step(): Promise<void> {
    const { world } = this;
    const prng = this.#prng;
    switch (prng.integer(0, 11)) {
      case 0:
        if (world.running.length > 2) this.#crash(prng.pick(world.running));
        return;
      case 1:
      case 2: {
        const down = [...world.nodes.values()].filter(({ running }) => running === undefined);
        if (down.length > 0) await prng.pick(down).start();
        return;
      }
      case 3: {
        const next = NAMES.find((name) => !world.nodes.has(name));
        if (next !== undefined) await world.node(next).start({ seeds: this.#seeds });
        return;
      }
      case 4: {
        const names = prng.shuffled(world.running.map(({ name }) => name));
        const cut = prng.integer(0, names.length + 1);
        world.network.partition([names.slice(0, cut), names.slice(cut)]);
        return;
      }
      case 5:
      case 6:
        world.network.restore();
        return;
      case 7:
        this.#remove();
        return;
      default:
        for (let i = 0; i < 3; i++) this.#write();
    }
  }

  /** What a node knew and had not saved is forgotten with it: its marks begin anew. */
  #crash(node: ClusterWorldNode): void {
    node.crash(this.#prng.chance(0.5) ? 'process' : 'none');
    this.#forget(node);
  }

  #forget(node: ClusterWorldNode): void {
    for (const what of Array.from(this.#marks.keys())) if (what.startsWith(`${node.name} `)) this.#marks.delete(what);
  }

  #remove(): void {
    const { running } = this.world;
    const ready = running.filter(({ node }) => node.lifecycle.phase === 'ready');
    if (ready.length < 4) return;
    const asked = this.#prng.pick(ready).node;
    const { nodeId } = this.#prng.pick(ready).node;
    this.#removed.add(nodeId);
    asked.members.remove(nodeId).catch(() => undefined);
  }

  /**
   * A node that was taken out stops, and comes back with an empty disk as a new one. It is told of the other seeds only: were it the smallest
   * one, cut off from all that could tell it better, it would found a cluster of its own.
   */
  async #replaceRemoved(): Promise<void> {
    for (const node of this.world.running) {
      if (node.node.lifecycle.phase !== 'failed') continue;
      await expect(node.node.whenReady()).rejects.toMatchObject({
        code: 'UnknownIncarnation',
        details: { node: node.node.nodeId },
      });
      expect(this.#removed).toContain(node.node.nodeId);
      await node.stop();
      node.wipe();
      this.#forget(node);
      await node.start({ seeds: this.#seedsFor(node) });
    }
  }

  #seedsFor(node: ClusterWorldNode): string[] {
    return this.#seeds.filter((seed) => seed !== node.address);
  }

  #write(): void {
    const group = this.#prng.integer(1, GROUPS + 1);
    const leader = this.world.leader(group);
    if (leader === undefined) return;
    const text = `write ${++this.#written}`;
    const write = leader.node.proposeToGroup(group, utf8Encode(text)).then(
      () => this.#acknowledged.push({ group, text }),
      () => undefined,
    );
    this.#writes.push(write);
  }

  /** What holds at every moment. */
  #check(): void {
    const { running, nodes } = this.world;
    expect(new Set(running.flatMap(({ node }) => node.clusterId ?? [])).size).toBeLessThanOrEqual(1);
    for (const { name, node } of running) {
      this.#grows(`${name} epoch`, node.epoch);
      this.#grows(`${name} topology`, node.topology().version);
      this.#grows(`${name} routing`, node.routing().version);
      for (const { group, members, confState, stopped } of node.groupStatuses()) {
        expect(stopped).toBeUndefined();
        if (group !== 0 && confState.votersOutgoing.length === 0) expect(members.length).toBeLessThanOrEqual(3);
      }
    }
    for (const node of nodes.values()) {
      for (const { epoch } of node.eventsNamed('epoch.bumped')) {
        const owner = this.#epochs.get(epoch) ?? node.name;
        this.#epochs.set(epoch, owner);
        expect(owner, `epoch ${epoch}`).toBe(node.name);
      }
    }
  }

  #grows(what: string, value: number): void {
    expect(value, what).toBeGreaterThanOrEqual(this.#marks.get(what) ?? 0);
    this.#marks.set(what, value);
  }

  /** With everything healed and everybody up the cluster comes to rest, and what was acknowledged is there, on any replica. */
  async settle(): Promise<void> {
    const { world } = this;
    world.network.restore();
    for (const node of world.nodes.values()) if (node.running === undefined) await node.start();
    for (let round = 0; round < 60; round++) {
      await world.virtual.advance(2_000);
      await this.#replaceRemoved();
      this.#check();
      if (this.#isAtRest()) break;
    }
    expect(this.#isAtRest()).toBe(true);
    for (let i = 0; i < 6; i++) this.#write();
    await world.settle(Promise.all(this.#writes));
    expect(this.#acknowledged.length).toBeGreaterThanOrEqual(6);
    for (let group = 1; group <= GROUPS; group++) await this.#readBack(group);
  }

  #isAtRest(): boolean {
    const { world } = this;
    const members = world.running.map(({ node }) => node.nodeId).toSorted((a, b) => a - b);
    return (
      world.running.every(({ node }) => node.lifecycle.phase === 'ready') &&
      world.settled(3) &&
      world.leader(0)?.node.groupStatus(0).members.join() === members.join()
    );
  }

  async #readBack(group: number): Promise<void> {
    const { world } = this;
    const replicas = world.running.filter(({ node }) => node.groupStatuses().some((status) => status.group === group));
    const reader = this.#prng.pick(replicas);
    while (!(await this.#isReadable(reader, group))) await world.virtual.advance(100);
    const texts = reader.machines.get(group)?.texts;
    for (const write of this.#acknowledged) if (write.group === group) expect(texts).toContain(write.text);
  }

  /** A leader that is just being replaced refuses; everything else is an error. */
  async #isReadable(reader: ClusterWorldNode, group: number): Promise<boolean> {
    try {
      await this.world.settle(reader.node.readIndex(group));
      return true;
    } catch (error) {
      expect(error).toMatchObject({ code: 'NotLeader' });
      return false;
    }
  }
}

describe('random schedules of whole clusters', () => {
  const seeds = Array.from({ length: 4 }, (_, at) => at + 1);
  test.each(seeds)('seed %i keeps the invariants, loses nothing acknowledged, and comes to rest', async (seed) => {
    const schedule = new Schedule(seed);
    await schedule.run();
    await schedule.settle();
  });
});
