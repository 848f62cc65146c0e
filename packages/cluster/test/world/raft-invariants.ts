import { Role } from '@flotilla/raft-core';
import type { RaftWorld } from './raft-world.js';

/**
 * The five properties of Raft (paper, figure 3), watched from outside over one group, and the host's own promises beside them.
 * Each check may be called at any time; it throws with what it saw.
 */
export class RaftInvariants {
  readonly #world: RaftWorld;
  readonly #group: number;
  /** Election safety: who led a term. */
  readonly #leaders = new Map<number, number>();
  /** State machine safety: what was applied at an index, by anyone. */
  readonly #applied = new Map<number, string>();
  /** What a leader of a term held, by index: a leader never changes or drops its own entries. */
  readonly #leaderLogs = new Map<string, { readonly term: number; readonly last: number }>();
  readonly #watermarks = new Map<number, number>();
  readonly #positions = new Map<number, number>();

  constructor(world: RaftWorld, group: number) {
    this.#world = world;
    this.#group = group;
  }

  check(): void {
    for (const node of this.#world.alive()) {
      const group = node.groups.set.get(this.#group);
      if (group === undefined) continue;
      if (group.failure !== undefined) throw new Error(`group stopped on node ${node.id}: ${group.failure.stack}`);
      const { raw } = group;
      if (raw.role === Role.Leader) this.#checkLeader(node.id, raw.term, raw.lastIndex);
      const watermark = group.appliedIndex;
      if (watermark < (this.#watermarks.get(node.id) ?? 0))
        throw new Error(`the watermark of node ${node.id} fell to ${watermark}`);
      this.#watermarks.set(node.id, watermark);
      if (watermark > raw.commit) throw new Error(`node ${node.id} applied ${watermark} beyond commit ${raw.commit}`);
      this.#checkApplied(node.id, watermark);
    }
    this.#checkLogMatching();
  }

  /** The node lost its memory with its life: its watermark begins anew. */
  restarted(node: number): void {
    this.#watermarks.delete(node);
    this.#positions.delete(node);
  }

  #checkLeader(node: number, term: number, last: number): void {
    const other = this.#leaders.get(term);
    if (other !== undefined && other !== node) throw new Error(`nodes ${other} and ${node} lead term ${term}`);
    this.#leaders.set(term, node);
    const key = `${node}`;
    const before = this.#leaderLogs.get(key);
    if (before !== undefined && before.term === term && last < before.last) {
      throw new Error(`leader ${node} of term ${term} shortened its log from ${before.last} to ${last}`);
    }
    this.#leaderLogs.set(key, { term, last });
    const { raw } = this.#world.node(node).groups.set.get(this.#group)!;
    // Leader completeness: whatever anyone applied is in the log of every later leader, or compacted away under a snapshot of it.
    for (const [index, identity] of this.#applied) {
      const appliedTerm = Number(identity.split('/')[0]);
      if (appliedTerm > term || index < raw.firstIndex) continue;
      if (raw.termAt(index) !== appliedTerm) {
        throw new Error(
          `leader ${node} of term ${term} holds term ${raw.termAt(index)} at ${index}, where ${identity} was applied`,
        );
      }
    }
  }

  #checkApplied(node: number, watermark: number): void {
    const { applied } = this.#world.node(node).machine(this.#group);
    let from = this.#positions.get(node) ?? 0;
    if (from > applied.length) from = 0;
    let previous = applied[from - 1]?.index ?? 0;
    for (const { index, term, text } of applied.slice(from)) {
      if (index <= previous || index > watermark)
        throw new Error(`node ${node} applied ${index} after ${previous}, at watermark ${watermark}`);
      previous = index;
      const identity = `${term}/${text}`;
      const other = this.#applied.get(index);
      if (other !== undefined && other !== identity)
        throw new Error(`${other} and ${identity} were both applied at ${index}`);
      this.#applied.set(index, identity);
    }
    this.#positions.set(node, applied.length);
  }

  /** Log matching: two logs that agree in index and term of an entry agree in all before it. */
  #checkLogMatching(): void {
    const cores = this.#world.alive().flatMap((node) => node.groups.set.get(this.#group)?.raw ?? []);
    for (const [at, a] of cores.entries()) {
      for (const b of cores.slice(at + 1)) {
        const low = Math.max(a.firstIndex, b.firstIndex);
        let agreed = false;
        for (let index = Math.min(a.lastIndex, b.lastIndex); index >= low; index--) {
          const same = a.termAt(index) === b.termAt(index);
          if (agreed && !same) throw new Error(`nodes ${a.id} and ${b.id} agree above ${index} and differ there`);
          agreed ||= same;
        }
      }
    }
  }

  /** All that was acknowledged is on every node, once. */
  checkAcknowledged(acknowledged: readonly string[]): void {
    for (const node of this.#world.alive()) {
      const { texts } = node.machine(this.#group);
      const counts = new Map<string, number>();
      for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
      for (const text of acknowledged) {
        if (counts.get(text) !== 1)
          throw new Error(`${text} was acknowledged and stands ${counts.get(text) ?? 0} times on node ${node.id}`);
      }
    }
  }
}
