import type { FlotillaError } from '@flotilla/errors';

/** What silence is told, and what it brings about. */
export interface DiskSilenceParts {
  /** Whether the write in flight takes so long that the disk must be taken to hang. */
  isStalled(): boolean;
  /** Silence begins, for this reason. */
  began(why: 'storage_stalled' | 'storage_full'): void;
  /** The disk is full (`error`), or has room again (undefined). */
  room(error: FlotillaError | undefined): void;
}

/**
 * Whether this node says nothing to its peers.
 *
 * A disk that hangs neither fails nor works: its node could keep leading by heartbeats, and acknowledge nothing. So it falls silent:
 * its peers elect another leader, and it steps down for want of a quorum. A disk that is full is as mute as one that hangs, and leadership
 * moves away the same way. All of it ends with the next write that lands.
 */
export class DiskSilence {
  readonly #parts: DiskSilenceParts;
  #silent = false;
  #noRoom: FlotillaError | undefined;

  constructor(parts: DiskSilenceParts) {
    this.#parts = parts;
  }

  get isSilent(): boolean {
    return this.#silent;
  }

  /** Why nothing that needs room on the disk is taken; undefined while there is. */
  get noRoom(): FlotillaError | undefined {
    return this.#noRoom;
  }

  /** A tick has passed: looks whether the disk hangs. */
  watch(): void {
    const stalls = this.#parts.isStalled();
    if (stalls && !this.#silent) this.#parts.began('storage_stalled');
    this.#silent = stalls;
  }

  /** A write found no room. */
  full(error: FlotillaError): void {
    if (this.#noRoom !== undefined) return;
    this.#noRoom = error;
    this.#silent = true;
    this.#parts.began('storage_full');
    this.#parts.room(error);
  }

  /** A write landed. */
  landed(): void {
    this.#silent = false;
    if (this.#noRoom === undefined) return;
    this.#noRoom = undefined;
    this.#parts.room(undefined);
  }
}
