import type { ValueSlab } from './value-arena.js';

/** What a version costs in memory beside its key and value, in bytes; an estimate. */
const VERSION_OVERHEAD_BYTES = 128;

/**
 * One write of one key. A key's versions form a chain from the newest back, so that readers of an old revision keep
 * what they see while later writes go on.
 *
 * Invariant: all but `value` and `slab`, which move together when a slab is given up, and `prev`, which compaction cuts, never change.
 */
export class Version {
  /** Composite key: the keyspace's prefix, then the user's key, one character a byte. */
  readonly key: string;
  /** Revision of the write. */
  readonly mod: number;
  /** Revision at which the key was created since it was last absent; 0 for a delete. */
  readonly create: number;
  /** Writes since creation, from 1; 0: this is a delete. */
  readonly version: number;
  readonly lease: number;
  value: Uint8Array;
  slab: ValueSlab | undefined;
  /** The version before, possibly of the same revision. */
  prev: Version | undefined;

  constructor(
    key: string,
    mod: number,
    create: number,
    version: number,
    lease: number,
    value: Uint8Array,
    prev: Version | undefined,
  ) {
    this.key = key;
    this.mod = mod;
    this.create = create;
    this.version = version;
    this.lease = lease;
    this.value = value;
    this.slab = undefined;
    this.prev = prev;
  }

  /** Whether the key is absent after this write. */
  get deleted(): boolean {
    return this.version === 0;
  }

  /** Memory that the version keeps, in bytes; an estimate. */
  get bytes(): number {
    return this.key.length + this.value.length + VERSION_OVERHEAD_BYTES;
  }
}

/** What a reader at `revision` sees of a chain: the live version, or undefined where the key was absent. */
export function versionAt(newest: Version | undefined, revision: number): Version | undefined {
  let version = newest;
  while (version !== undefined && version.mod > revision) version = version.prev;
  return version === undefined || version.version === 0 ? undefined : version;
}
