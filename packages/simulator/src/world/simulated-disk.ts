import type { Runtime } from '@flotilla/runtime';
import type { Prng } from '@flotilla/runtime/virtual';
import { type NodeStorage, openStorage } from '@flotilla/storage';
import { type FilesCall, type FilesFault, MemoryFiles, type Survival } from '@flotilla/storage/memory';

/** How the disk of one machine behaves while nothing is wrong with it. */
export interface SimulatedDiskOptions {
  readonly prng: Prng;
  /** Size at which the log begins a new segment, in bytes. */
  readonly segmentBytes: number;
  /** How long a call takes, in ms; undefined: it completes at once. */
  readonly latencyMs: ((call: FilesCall, prng: Prng) => number) | undefined;
}

/** Something that is wrong with a disk: asked at every call, until it is taken away. */
export interface DiskTrouble {
  /** Whose it is, so that it can be taken away: the number of a fault's action. */
  readonly holder: number;
  /** What the call is to suffer; undefined: nothing of this. */
  fault?(call: FilesCall): FilesFault | undefined;
  /** What all files together may take, in bytes. */
  readonly capacityBytes?: number;
  /** Told of every write that is refused for want of space. */
  refused?(path: string): void;
  /** Told when it is taken away. */
  ended?(): void;
}

/** A write that a process made, and what stood in its place before. */
export interface OverwrittenRange {
  readonly path: string;
  /** In bytes. */
  readonly position: number;
  readonly length: number;
  readonly before: Uint8Array;
}

/** So many of the last writes are remembered, with what they replaced. */
const REMEMBERED_WRITES_MAX = 64;

/** The disk of one machine, through all lives of the process on it. */
export class SimulatedDisk {
  /** Asked at every call of the process that runs, before any trouble; stays through its deaths. */
  onCall: ((call: FilesCall) => FilesFault | undefined) | undefined;
  /** A fault changed what it holds, since it was last empty: only then may its process find it corrupt. */
  isDamaged = false;
  readonly #options: SimulatedDiskOptions;
  #files = new MemoryFiles();
  #runtime: Runtime | undefined;
  #storage: NodeStorage | undefined;
  #troubles: DiskTrouble[] = [];
  readonly #writes: OverwrittenRange[] = [];

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
  }

  /** What is on it now: the files of the process that runs, or what the last one left. */
  get files(): MemoryFiles {
    return this.#files;
  }

  /** The last writes, oldest first. */
  get writes(): readonly OverwrittenRange[] {
    return this.#writes;
  }

  /** Opens it for one life of the process. */
  async open(runtime: Runtime): Promise<NodeStorage> {
    const { prng, latencyMs, segmentBytes } = this.#options;
    const files = this.#files.crash('process', {
      runtime,
      afterCrash: 'hang',
      capacityBytes: this.#capacityBytes,
      onFull: (path) => {
        for (const trouble of this.#troubles) trouble.refused?.(path);
      },
      onCall: (call) => this.#onCall(call),
      ...(latencyMs === undefined ? {} : { latencyMs: (call: FilesCall) => latencyMs(call, prng) }),
    });
    this.#files = files;
    this.#runtime = runtime;
    const storage = await openStorage({ files, runtime, segmentBytes });
    if (this.#files === files) this.#storage = storage;
    return storage;
  }

  #onCall(call: FilesCall): FilesFault | undefined {
    const fault = this.onCall?.(call) ?? this.#trouble(call);
    if (call.operation === 'writeAt' && fault?.kind !== 'fail') this.#remember(call);
    return fault;
  }

  #trouble(call: FilesCall): FilesFault | undefined {
    for (const trouble of this.#troubles) {
      const fault = trouble.fault?.(call);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  #remember({ path, position, length }: FilesCall): void {
    const before = new Uint8Array(length);
    before.set(this.#files.peek(path, position, position + length) ?? before);
    this.#writes.push({ path, position, length, before });
    if (this.#writes.length > REMEMBERED_WRITES_MAX) this.#writes.shift();
  }

  /** Something is wrong from now on. */
  trouble(trouble: DiskTrouble): void {
    this.#troubles.push(trouble);
    this.#files.capacityBytes = this.#capacityBytes;
  }

  /** Nothing of what the holder brought is wrong any more. */
  relieve(holder: number): void {
    const over = this.#troubles.filter((trouble) => trouble.holder === holder);
    this.#troubles = this.#troubles.filter((trouble) => trouble.holder !== holder);
    this.#files.capacityBytes = this.#capacityBytes;
    for (const trouble of over) trouble.ended?.();
  }

  get #capacityBytes(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#troubles.flatMap(({ capacityBytes }) => capacityBytes ?? []));
  }

  /** Resolves in a turn of the process that runs now, after `ms` of its time; never, where it is gone before that, or there is none. */
  later(ms: number): Promise<void> {
    const runtime = this.#runtime;
    return new Promise((resolve) => runtime?.setTimer(ms, resolve));
  }

  /** The process that opened it is gone, or all of the machine: nothing that it still does reaches the disk. */
  crash(survival: Survival): void {
    this.#files = this.#files.crash(survival);
    this.#storage = undefined;
    this.#runtime = undefined;
  }

  /** Closes what the process opened, in good order. */
  async close(): Promise<void> {
    await this.#storage?.close();
    this.#storage = undefined;
  }

  /** Another disk is put in its place, as a backup would be. The machine must be down. */
  replaceBy(files: MemoryFiles): void {
    this.wipe();
    this.#files = files;
  }

  /** It is replaced by an empty one. */
  wipe(): void {
    this.crash('none');
    this.#files = new MemoryFiles();
    this.isDamaged = false;
    this.#writes.length = 0;
  }
}
