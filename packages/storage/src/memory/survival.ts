import { MemoryFolder, type MemoryNode } from './memory-folder.js';
import { MemoryInode } from './memory-inode.js';
import { joined } from './memory-path.js';

/** One thing that a crash decides: a sector's content, a file's size, whether a change of a name stays. */
export interface CrashChoice {
  readonly path: string;
  readonly what: 'sector' | 'size' | 'name';
  /** Number of the sector in its file; 0 for the others. */
  readonly sector: number;
  /** How many outcomes there are: 0 is the durable one, `count - 1` the one seen last. */
  readonly count: number;
}

/**
 * What is left after a crash: `none` of what was not synced, `all` of it, `process`: the process died and the machine did not, so
 * that all is still seen and what was not durable still is not; or a choice for each thing, from 0 to `count - 1`, or, for a sector, the
 * bytes that a disk left there which broke its promise of whole sectors.
 */
export type Survival = 'none' | 'all' | 'process' | ((choice: CrashChoice) => number | Uint8Array);

/** A survival in which every choice is made by `random`, uniform in [0, 1). */
export function randomSurvival(random: () => number): Survival {
  return (choice) => Math.floor(random() * choice.count);
}

/** What a crash of a tree has to decide, in a fixed order. */
export function choicesOf(root: MemoryFolder): CrashChoice[] {
  const list: CrashChoice[] = [];
  const seen = new Set<MemoryNode>();
  const visit = (node: MemoryNode, path: string): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node instanceof MemoryInode) {
      for (const { sector, count } of node.choices()) list.push(choiceOf(path, sector, count));
      return;
    }
    for (const name of node.choices()) list.push({ path: joined(path, name), what: 'name', sector: 0, count: 2 });
    for (const [name, child] of node.names) visit(child, joined(path, name));
  };
  visit(root, '');
  return list;
}

/** What a crash leaves of a tree: what `survive` chooses of each thing that is not durable. */
export function leftOf(root: MemoryFolder, survive: Exclude<Survival, 'process'>): MemoryFolder {
  const choose = (choice: CrashChoice): number | Uint8Array => {
    if (survive === 'none') return 0;
    return survive === 'all' ? choice.count - 1 : survive(choice);
  };
  const done = new Map<MemoryNode, MemoryNode>();
  const copy = (node: MemoryNode, path: string): MemoryNode => {
    const before = done.get(node);
    if (before !== undefined) return before;
    const after =
      node instanceof MemoryInode
        ? node.afterCrash((sector, count) => choose(choiceOf(path, sector, count)))
        : node.afterCrash(
            (name) => choose({ path: joined(path, name), what: 'name', sector: 0, count: 2 }) !== 0,
            (child, name) => copy(child, joined(path, name)),
          );
    done.set(node, after);
    return after;
  };
  const left = copy(root, '');
  return left instanceof MemoryFolder ? left : new MemoryFolder();
}

/** The same tree once more, all that is not durable included. */
export function cloneOf(root: MemoryFolder): MemoryFolder {
  const done = new Map<MemoryNode, MemoryNode>();
  const copy = (node: MemoryNode): MemoryNode => {
    const before = done.get(node);
    if (before !== undefined) return before;
    const after = node instanceof MemoryInode ? node.clone() : node.clone(copy);
    done.set(node, after);
    return after;
  };
  const clone = copy(root);
  return clone instanceof MemoryFolder ? clone : new MemoryFolder();
}

function choiceOf(path: string, sector: number | 'size', count: number): CrashChoice {
  return sector === 'size' ? { path, what: 'size', sector: 0, count } : { path, what: 'sector', sector, count };
}
