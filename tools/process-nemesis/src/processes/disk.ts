import { execFileSync } from 'node:child_process';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const MIB = 1_048_576;
/** Size of a file system that can be filled. What a member stores stays far below. */
const DISK_MIB = 384;

/** How a disk is filled: by a file on a small file system of its own, or by a limit on the size of files that the process writes. */
export type DiskKind = 'file-system' | 'file-size-limit' | 'none';

/** What this machine lets us do to disks: `mount` wants root, `prlimit` a Linux. */
export function diskKind(folder: string): DiskKind {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return 'file-system';
  } catch {
    // Not root, or not Linux.
  }
  try {
    execFileSync('prlimit', ['--version'], { stdio: 'ignore' });
    return 'file-size-limit';
  } catch {
    // Nothing that could make a write fail from outside of the process.
    return 'none';
  }
}

const mounted = new Set<string>();
process.once('exit', () => {
  for (const path of mounted) execFileSync('umount', ['-l', path], { stdio: 'ignore' });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    // There is no such process.
    return false;
  }
}

/** Where one member stores its data, and a way to let it run out of room. */
export class Disk {
  readonly kind: DiskKind;
  readonly #path: string;

  private constructor(path: string, kind: DiskKind) {
    this.#path = path;
    this.kind = kind;
  }

  /** Makes the folder, on a file system of its own where the kind is that. */
  static async make(path: string, kind: DiskKind): Promise<Disk> {
    await mkdir(path, { recursive: true });
    if (kind === 'file-system') {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path], { stdio: 'ignore' });
      mounted.add(path);
    }
    return new Disk(path, kind);
  }

  /** The data folder of the member. */
  get data(): string {
    return join(this.#path, 'data');
  }

  /** Leaves no room for the process. */
  async fill(pid: number): Promise<void> {
    if (this.kind === 'file-size-limit') {
      // Of every file, and the soft limit alone, which goes up again without being root.
      execFileSync('prlimit', ['--pid', String(pid), `--fsize=${MIB}:`], { stdio: 'ignore' });
      return;
    }
    await using file = await open(this.#filler, 'w');
    const piece = new Uint8Array(MIB);
    for (let size = piece.length; size >= 4_096;) {
      try {
        const { bytesWritten } = await file.write(piece, 0, size);
        if (bytesWritten < size) size = Math.floor(size / 2);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size = Math.floor(size / 2);
      }
    }
  }

  /** Gives the room back. */
  async free(pid: number | undefined): Promise<void> {
    if (this.kind === 'file-size-limit') {
      if (pid === undefined) return;
      try {
        execFileSync('prlimit', ['--pid', String(pid), '--fsize=unlimited:'], { stdio: 'ignore' });
      } catch (error) {
        // With a process that has just ended goes its limit.
        if (isAlive(pid)) throw error;
      }
      return;
    }
    await rm(this.#filler, { force: true });
  }

  /** Loses everything. */
  async wipe(): Promise<void> {
    await rm(this.data, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Unmounts what was mounted, with all that is on it. */
  unmount(): void {
    if (!mounted.delete(this.#path)) return;
    execFileSync('umount', ['-l', this.#path], { stdio: 'ignore' });
  }

  get #filler(): string {
    return join(this.#path, 'filler');
  }
}
