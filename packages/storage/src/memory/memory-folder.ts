import type { MemoryInode } from './memory-inode.js';

/** What a name stands for. */
export type MemoryNode = MemoryInode | MemoryFolder;

/** One change of a folder's names, atomic by itself. */
interface NameChange {
  /** The name that it takes away, if any. */
  readonly from: string | undefined;
  /** The name that it gives, if any. */
  readonly to: string | undefined;
  readonly node: MemoryNode;
}

/**
 * A folder's names in two layers: those seen, and those a power cut leaves; between them the changes not yet synced. A failed sync
 * leaves them where they are: names are in a file system's journal, whose failure is for good, unlike that of a file's pages.
 */
export class MemoryFolder {
  readonly names: Map<string, MemoryNode> = new Map();
  #durable = new Map<string, MemoryNode>();
  #changes: NameChange[] = [];

  get isDirty(): boolean {
    return this.#changes.length > 0;
  }

  /** Gives a name to a new file. */
  link(name: string, node: MemoryNode): void {
    this.#change({ from: undefined, to: name, node });
  }

  unlink(name: string, node: MemoryNode): void {
    this.#change({ from: name, to: undefined, node });
  }

  rename(from: string, to: string, node: MemoryNode): void {
    this.#change({ from, to, node });
  }

  /** A name that is durable at once. */
  linkDurably(name: string, node: MemoryNode): void {
    this.names.set(name, node);
    this.#durable.set(name, node);
  }

  /** Makes the names durable. */
  settle(): void {
    for (const change of this.#changes) applyChange(this.#durable, change);
    this.#changes = [];
  }

  /** One name for each change that a crash may keep or drop. */
  choices(): string[] {
    return this.#changes.map((change) => change.to ?? change.from ?? '');
  }

  /** What a power cut leaves, all of it durable. `keep` is asked once for each change, in order. */
  afterCrash(keep: (name: string) => boolean, copy: (node: MemoryNode, name: string) => MemoryNode): MemoryFolder {
    const names = new Map(this.#durable);
    for (const change of this.#changes) {
      if (keep(change.to ?? change.from ?? '')) applyChange(names, change);
    }
    const left = new MemoryFolder();
    for (const [name, node] of names) left.linkDurably(name, copy(node, name));
    return left;
  }

  /** The same in both layers. */
  clone(copy: (node: MemoryNode) => MemoryNode): MemoryFolder {
    const clone = new MemoryFolder();
    for (const [name, node] of this.names) clone.names.set(name, copy(node));
    for (const [name, node] of this.#durable) clone.#durable.set(name, copy(node));
    clone.#changes = this.#changes.map((change) => ({ ...change, node: copy(change.node) }));
    return clone;
  }

  #change(change: NameChange): void {
    applyChange(this.names, change);
    this.#changes.push(change);
  }
}

function applyChange(names: Map<string, MemoryNode>, change: NameChange): void {
  if (change.from !== undefined && names.get(change.from) === change.node) names.delete(change.from);
  if (change.to !== undefined) names.set(change.to, change.node);
}
