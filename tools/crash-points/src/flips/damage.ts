import type { Prng } from '@flotilla/runtime/virtual';
import { SECTOR_BYTES } from '@flotilla/storage';
import type { MemoryFiles } from '@flotilla/storage/memory';

/** One thing that happens to the files of a replica behind everyone's back. Plain data, so that it can be named and done again. */
export type Damage =
  /** One byte becomes its exclusive or with `mask`. */
  | { readonly kind: 'flip'; readonly path: string; readonly at: number; readonly mask: number }
  /** One byte becomes this one. */
  | { readonly kind: 'set'; readonly path: string; readonly at: number; readonly value: number }
  /** Two sectors change places: two misdirected writes. */
  | { readonly kind: 'swap'; readonly path: string; readonly at: number; readonly other: string; readonly from: number }
  /** A sector also stands where another should: one misdirected write. */
  | {
      readonly kind: 'misdirect';
      readonly path: string;
      readonly at: number;
      readonly other: string;
      readonly from: number;
    }
  /** Two files have each other's content. */
  | { readonly kind: 'exchange'; readonly path: string; readonly other: string }
  | { readonly kind: 'truncate'; readonly path: string; readonly at: number }
  /** Bytes that nobody wrote stand at the end. */
  | { readonly kind: 'extend'; readonly path: string; readonly value: number }
  | { readonly kind: 'delete'; readonly path: string }
  /** The file is as it was at an earlier time. */
  | { readonly kind: 'stale'; readonly path: string; readonly version: number };

/** Earlier contents of files, by path, oldest first. */
export type FileHistory = ReadonlyMap<string, readonly Uint8Array[]>;

/** Does it. Resolves with false where it would change nothing. */
export async function inflict(files: MemoryFiles, damage: Damage, history: FileHistory): Promise<boolean> {
  const bytes = files.peek(damage.path);
  if (bytes === undefined) return false;
  switch (damage.kind) {
    case 'flip':
    case 'set': {
      const before = bytes[damage.at];
      if (before === undefined) return false;
      const after = damage.kind === 'flip' ? before ^ damage.mask : damage.value;
      files.tamper(damage.path, damage.at, Uint8Array.of(after));
      return after !== before;
    }
    case 'swap':
    case 'misdirect':
      return moveSector(files, damage);
    case 'exchange': {
      const other = files.peek(damage.other);
      if (other === undefined || isSame(bytes, other)) return false;
      await replaceFile(files, damage.path, other);
      await replaceFile(files, damage.other, bytes);
      return true;
    }
    case 'truncate':
      await replaceFile(files, damage.path, bytes.slice(0, damage.at));
      return damage.at < bytes.length;
    case 'extend':
      files.tamper(damage.path, bytes.length, new Uint8Array(SECTOR_BYTES).fill(damage.value));
      return true;
    case 'delete':
      await replaceFile(files, damage.path, undefined);
      return true;
    case 'stale': {
      const version = history.get(damage.path)?.[damage.version];
      if (version === undefined || isSame(version, bytes)) return false;
      await replaceFile(files, damage.path, version);
      return true;
    }
  }
}

/** Swaps and misdirected writes of sectors within a file and, some, between files. */
export function sectorDamages(files: MemoryFiles, count: number, prng: Prng): Damage[] {
  const places = files.paths().flatMap((path) =>
    Array.from({ length: Math.floor((files.peek(path)?.length ?? 0) / SECTOR_BYTES) }, (_, sector) => ({
      path,
      at: sector * SECTOR_BYTES,
    })),
  );
  if (places.length < 2) return [];
  return Array.from({ length: count }, (_, number): Damage => {
    const { path, at } = prng.pick(places);
    const near = places.filter((place) => place.path === path);
    const from = prng.pick(number % 3 === 0 ? places : near);
    return { kind: number % 2 === 0 ? 'swap' : 'misdirect', path, at, other: from.path, from: from.at };
  });
}

/** Damage to whole files: each file deleted, emptied, cut, extended, exchanged with its neighbours, and as each of its earlier selves. */
export function fileDamages(files: MemoryFiles, history: FileHistory): Damage[] {
  const paths = files.paths();
  return paths.flatMap((path): Damage[] => {
    const length = files.peek(path)?.length ?? 0;
    const cuts = [0, 1, 511, 512, 1024, Math.floor(length / 2), length - 512, length - 1];
    return [
      { kind: 'delete', path },
      ...cuts.filter((at) => at >= 0 && at < length).map((at): Damage => ({ kind: 'truncate', path, at })),
      { kind: 'extend', path, value: 0 },
      { kind: 'extend', path, value: 0xa5 },
      ...paths.filter((other) => other > path).map((other): Damage => ({ kind: 'exchange', path, other })),
      ...(history.get(path) ?? []).map((_, version): Damage => ({ kind: 'stale', path, version })),
    ];
  });
}

/** How it stands on the command line. */
export function nameOfDamage(damage: Damage): string {
  switch (damage.kind) {
    case 'flip':
      return `flip:${damage.path}:${damage.at}:${damage.mask}`;
    case 'set':
      return `set:${damage.path}:${damage.at}:${damage.value}`;
    case 'swap':
    case 'misdirect':
      return `${damage.kind}:${damage.path}:${damage.at}:${damage.other}:${damage.from}`;
    case 'exchange':
      return `exchange:${damage.path}:${damage.other}`;
    case 'truncate':
      return `truncate:${damage.path}:${damage.at}`;
    case 'extend':
      return `extend:${damage.path}:${damage.value}`;
    case 'delete':
      return `delete:${damage.path}`;
    case 'stale':
      return `stale:${damage.path}:${damage.version}`;
  }
}

/** The damage with this name. @throws {RangeError} for what is no name */
export function damageNamed(name: string): Damage {
  const [kind = '', path = '', first = '', second = '', third = ''] = name.split(':');
  const at = Number(first);
  switch (kind) {
    case 'flip':
      return { kind, path, at, mask: Number(second) };
    case 'set':
      return { kind, path, at, value: Number(second) };
    case 'swap':
    case 'misdirect':
      return { kind, path, at, other: second, from: Number(third) };
    case 'exchange':
      return { kind, path, other: first };
    case 'truncate':
      return { kind, path, at };
    case 'extend':
      return { kind, path, value: at };
    case 'delete':
      return { kind, path };
    case 'stale':
      return { kind, path, version: at };
    default:
      throw new RangeError(`'${name}' names no damage`);
  }
}

function moveSector(files: MemoryFiles, damage: Damage & { readonly kind: 'swap' | 'misdirect' }): boolean {
  const target = files.peek(damage.path)?.subarray(damage.at, damage.at + SECTOR_BYTES);
  const source = files.peek(damage.other)?.subarray(damage.from, damage.from + SECTOR_BYTES);
  if (target === undefined || source === undefined || target.length < SECTOR_BYTES || source.length < SECTOR_BYTES)
    return false;
  if (isSame(target, source)) return false;
  files.tamper(damage.path, damage.at, source);
  if (damage.kind === 'swap') files.tamper(damage.other, damage.from, target);
  return true;
}

/** Puts a file with this content in the place of what was there, durably; undefined: none. */
async function replaceFile(files: MemoryFiles, path: string, bytes: Uint8Array | undefined): Promise<void> {
  await files.remove(path);
  await files.syncFolder(path.slice(0, path.lastIndexOf('/')));
  if (bytes !== undefined) files.tamper(path, 0, bytes);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}
