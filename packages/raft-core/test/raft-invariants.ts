import { EntryType, Role, type Entry } from '../src/index.js';
import type { DiskImage } from './disk.js';
import { wordOf, type TestCluster, type TestNode } from './test-cluster.js';

/** A rule of Raft does not hold. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** What was seen of one entry that somebody holds to be committed. */
interface Committed {
  readonly term: number;
  /** Term of the leader that committed it. */
  readonly inTerm: number;
}

/**
 * The five properties of the Raft paper's figure 3, and that whatever a leader commits is durable on a quorum.
 * `check` is to be called after every action: it looks only at what has changed since.
 */
export class RaftInvariants {
  readonly #cluster: TestCluster;
  readonly #leaderOfTerm = new Map<number, number>();
  /** By index and term: the entry's content and the term before it. By induction this is the log matching property. */
  readonly #entries = new Map<string, { readonly content: string; readonly previousTerm: number | undefined }>();
  readonly #committed = new Map<number, Committed>();
  readonly #applied = new Map<number, string>();
  readonly #seen = new Map<number, Seen>();
  /** The highest index that was committed anywhere. */
  highestCommit = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  check(): void {
    for (const node of this.#cluster.all) {
      const seen = this.#seenOf(node);
      this.#checkLogMatching(node, seen);
      if (node.isUp) {
        this.#checkCommits(node, seen);
        this.#checkLeader(node, seen);
      }
      this.#checkApplied(node, seen);
    }
  }

  #seenOf(node: TestNode): Seen {
    let seen = this.#seen.get(node.id);
    if (seen === undefined) {
      seen = {
        image: undefined,
        raw: undefined,
        commit: 0,
        applied: 0,
        leaderTerm: 0,
        leaderLog: new Map(),
        leaderLast: 0,
      };
      this.#seen.set(node.id, seen);
    }
    if (seen.raw !== node.raw) {
      // A new life: what its disk says is committed was judged before.
      const { commit } = node.disk.image.hardState;
      Object.assign(seen, { raw: node.raw, commit, leaderTerm: 0, leaderLog: new Map(), leaderLast: 0 });
    }
    return seen;
  }

  /** Log matching: if two logs hold an entry with the same index and term, they are the same up to there. */
  #checkLogMatching(node: TestNode, seen: Seen): void {
    const { image } = node.disk;
    if (seen.image === image) return;
    seen.image = image;
    let previousTerm: number | undefined = image.beforeTerm;
    for (const entry of image.entries) {
      const key = `${entry.index}/${entry.term}`;
      const content = contentOf(entry);
      const known = this.#entries.get(key);
      if (known === undefined) {
        this.#entries.set(key, { content, previousTerm });
      } else if (known.content !== content || known.previousTerm !== previousTerm) {
        fail(node, `log matching: entry ${key} is ${content} after term ${previousTerm}`, known);
      }
      previousTerm = entry.term;
    }
  }

  /** What a leader commits is durable on a quorum, and nobody ever holds another entry to be committed there. */
  #checkCommits(node: TestNode, seen: Seen): void {
    const { commit, role, term } = node.raw;
    for (let index = seen.commit + 1; index <= commit; index++) {
      const entryTerm = node.raw.termAt(index);
      if (entryTerm <= 0) continue;
      const known = this.#committed.get(index);
      if (known === undefined) {
        this.#committed.set(index, { term: entryTerm, inTerm: term });
        this.highestCommit = Math.max(this.highestCommit, index);
        if (role === Role.Leader) this.#checkQuorum(node, index, entryTerm);
      } else if (known.term !== entryTerm) {
        fail(node, `state machine safety: commits ${entryTerm}/${index}`, known);
      }
    }
    seen.commit = Math.max(seen.commit, commit);
  }

  #checkQuorum(leader: TestNode, index: number, term: number): void {
    const { voters, votersOutgoing } = leader.raw.configuration;
    for (const half of [voters, votersOutgoing]) {
      const durable = half.filter((id) => {
        const image = this.#cluster.nodes.get(id)?.disk.survivors[0];
        return image !== undefined && holds(image, index, term);
      });
      if (half.length > 0 && durable.length * 2 <= half.length) {
        fail(leader, `commits ${term}/${index} that only ${durable.join(' ')} of ${half.join(' ')} hold durably`);
      }
    }
  }

  /** Election safety, leader append-only, leader completeness. */
  #checkLeader(node: TestNode, seen: Seen): void {
    if (node.raw.role !== Role.Leader) return;
    const { term } = node.raw;
    if (seen.leaderTerm !== term) {
      const other = this.#leaderOfTerm.get(term);
      if (other !== undefined && other !== node.id) fail(node, `election safety: ${other} leads term ${term} too`);
      this.#leaderOfTerm.set(term, node.id);
      this.#checkCompleteness(node);
      seen.leaderTerm = term;
      seen.leaderLog = new Map();
      seen.leaderLast = 0;
    }
    const log = termsOf(node);
    for (const [index, entryTerm] of seen.leaderLog) {
      const now = log.get(index) ?? entryTerm;
      if (now !== entryTerm) fail(node, `leader append-only: index ${index} was of term ${entryTerm}, is of ${now}`);
    }
    const { lastIndex } = node.raw;
    if (lastIndex < seen.leaderLast) fail(node, `leader append-only: the log ends at ${lastIndex}`, seen.leaderLast);
    seen.leaderLog = log;
    seen.leaderLast = lastIndex;
  }

  #checkCompleteness(leader: TestNode): void {
    const { raw } = leader;
    for (const [index, committed] of this.#committed) {
      if (committed.inTerm >= raw.term || index < raw.firstIndex) continue;
      if (raw.termAt(index) !== committed.term) {
        fail(leader, `leader completeness: lacks ${committed.term}/${index}, has term ${raw.termAt(index)}`, committed);
      }
    }
  }

  /** State machine safety: no two nodes apply different entries at the same index. */
  #checkApplied(node: TestNode, seen: Seen): void {
    for (; seen.applied < node.appliedEntries.length; seen.applied++) {
      const entry = node.appliedEntries[seen.applied];
      if (entry === undefined) continue;
      const content = `${entry.term} ${contentOf(entry)}`;
      const known = this.#applied.get(entry.index);
      if (known === undefined) this.#applied.set(entry.index, content);
      else if (known !== content) fail(node, `state machine safety: applies ${content} at ${entry.index}`, known);
    }
  }
}

interface Seen {
  image: DiskImage | undefined;
  raw: unknown;
  commit: number;
  applied: number;
  leaderTerm: number;
  /** Terms by index. */
  leaderLog: ReadonlyMap<number, number>;
  leaderLast: number;
}

function termsOf({ raw }: TestNode): ReadonlyMap<number, number> {
  const terms = new Map<number, number>();
  for (let index = raw.firstIndex; index <= raw.lastIndex; index++) terms.set(index, raw.termAt(index));
  return terms;
}

function holds({ snapshot, before, beforeTerm, entries }: DiskImage, index: number, term: number): boolean {
  if (index <= snapshot.index || index < before) return true;
  return (index === before ? beforeTerm : entries[index - before - 1]?.term) === term;
}

function contentOf({ type, data }: Entry): string {
  return type === EntryType.Normal ? wordOf(data) : `${type}:${data.join(',')}`;
}

function fail(node: TestNode, what: string, known?: unknown): never {
  throw new InvariantViolation(
    `node ${node.id} (${node.state}): ${what}${known === undefined ? '' : `; before: ${JSON.stringify(known)}`}`,
  );
}
