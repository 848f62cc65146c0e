import { INITIAL, type UniqueWriteRole } from './role.js';

/** One value of a block, and who saw it. */
export interface Position {
  /** The operation that wrote it; absent for the initial value. */
  readonly writer: number | undefined;
  readonly readers: readonly number[];
}

/**
 * Values that must follow each other with no other write between them, because somebody saw them do so: operations of one position stand
 * before those of the next. A write that nobody saw is a block of its own.
 */
export interface Block {
  readonly positions: readonly Position[];
  /** Whether it begins with the initial value, hence before all other blocks. */
  readonly isFirst: boolean;
}

/** Which operations of a history count: all that returned, and of the others those that were seen. */
export interface Presence {
  /** Took place for certain. */
  readonly isRequired: (operation: number) => boolean;
  /** May have taken place. */
  readonly isPossible: (operation: number) => boolean;
}

const NOT_WRITTEN = -1;
const UNKNOWN = -1;

/**
 * Sorts the operations of a history into blocks. Undefined when what was seen contradicts itself: a value that nobody wrote, two values that
 * both come right after a third.
 */
export function blocksOf(roles: readonly UniqueWriteRole[], { isRequired, isPossible }: Presence): Block[] | undefined {
  let values = 1;
  for (const role of roles) if ('value' in role) values = Math.max(values, role.value + 1);
  const writer = new Int32Array(values).fill(NOT_WRITTEN);
  const before = new Int32Array(values).fill(UNKNOWN);
  const isSeen = new Uint8Array(values);
  for (const [operation, role] of roles.entries()) {
    if ('value' in role && isPossible(operation)) writer[role.value] = operation;
  }
  const unsettled: number[] = [];
  const see = (value: number): boolean => {
    if (value === INITIAL) return true;
    if (value >= values || writer[value] === NOT_WRITTEN) return false;
    if (isSeen[value] === 0) {
      isSeen[value] = 1;
      unsettled.push(value);
    }
    return true;
  };
  const precede = (earlier: number, later: number): boolean => {
    if (before[later] === UNKNOWN) before[later] = earlier;
    return before[later] === earlier;
  };
  const kindOf = (value: number) => (value === INITIAL ? undefined : roles[writer[value] as number]?.kind);
  const seePath = (path: readonly number[]): boolean => {
    for (const [place, value] of path.entries()) {
      if (!see(value)) return false;
      if (place === 0) {
        if (kindOf(value) === 'append') return false;
      } else if (kindOf(value) !== 'append' || !precede(path[place - 1] as number, value)) return false;
    }
    return path.length > 0;
  };

  const readers: number[][] = Array.from({ length: values }, () => []);
  for (const [operation, role] of roles.entries()) {
    if (!isRequired(operation)) continue;
    if (role.kind === 'impossible') return undefined;
    if (role.kind === 'read') {
      if (!seePath(role.path)) return undefined;
      readers[role.path.at(-1) as number]?.push(operation);
    }
    if ('value' in role) see(role.value);
  }
  for (let value = unsettled.pop(); value !== undefined; value = unsettled.pop()) {
    const role = roles[writer[value] as number];
    if (role?.kind !== 'replace') continue;
    if (!seePath(role.path) || !precede(role.path.at(-1) as number, value)) return undefined;
  }
  return chain({ writer, before, isSeen, readers });
}

interface Values {
  readonly writer: Int32Array;
  readonly before: Int32Array;
  readonly isSeen: Uint8Array;
  readonly readers: readonly (readonly number[])[];
}

function chain({ writer, before, isSeen, readers }: Values): Block[] | undefined {
  const values = writer.length;
  const after = new Int32Array(values).fill(UNKNOWN);
  let unchained = 0;
  for (let value = 1; value < values; value++) {
    if (isSeen[value] === 0) continue;
    unchained++;
    const earlier = before[value] as number;
    if (earlier === UNKNOWN) continue;
    if (after[earlier] !== UNKNOWN) return undefined;
    after[earlier] = value;
  }
  const blocks: Block[] = [];
  for (let root = 0; root < values; root++) {
    const isFirst = root === INITIAL;
    if (!isFirst && (isSeen[root] === 0 || before[root] !== UNKNOWN)) continue;
    const positions: Position[] = [];
    for (let value = root; value !== UNKNOWN; value = after[value] as number) {
      positions.push({ writer: value === INITIAL ? undefined : writer[value], readers: readers[value] ?? [] });
      if (value !== INITIAL) unchained--;
    }
    blocks.push({ positions, isFirst });
  }
  // What stands in no block follows itself.
  return unchained === 0 ? blocks : undefined;
}
