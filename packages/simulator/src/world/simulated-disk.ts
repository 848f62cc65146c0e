import type { Prng } from '@flotilla/runtime/virtual';
import type { Runtime } from '@flotilla/runtime';
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

/** The disk of one machine, through all lives of the process on it. */
export class SimulatedDisk {
  /** Asked at every call of the process that runs; stays through its deaths. */
  onCall: ((call: FilesCall) => FilesFault | undefined) | undefined;
  readonly #options: SimulatedDiskOptions;
  #files = new MemoryFiles();
  #storage: NodeStorage | undefined;

  constructor(options: SimulatedDiskOptions) {
    this.#options = options;
  }

  /** What is on it now: the files of the process that runs, or what the last one left. */
  get files(): MemoryFiles {
    return this.#files;
  }

  /** Opens it for one life of the process. */
  async open(runtime: Runtime): Promise<NodeStorage> {
    const { prng, latencyMs, segmentBytes } = this.#options;
    const files = this.#files.crash('process', {
      runtime,
      afterCrash: 'hang',
      onCall: (call) => this.onCall?.(call),
      ...(latencyMs === undefined ? {} : { latencyMs: (call: FilesCall) => latencyMs(call, prng) }),
    });
    this.#files = files;
    const storage = await openStorage({ files, runtime, segmentBytes });
    if (this.#files === files) this.#storage = storage;
    return storage;
  }

  /** The process that opened it is gone, or all of the machine: nothing that it still does reaches the disk. */
  crash(survival: Survival): void {
    this.#files = this.#files.crash(survival);
    this.#storage = undefined;
  }

  /** Closes what the process opened, in good order. */
  async close(): Promise<void> {
    await this.#storage?.close();
    this.#storage = undefined;
  }

  /** It is replaced by an empty one. */
  wipe(): void {
    this.crash('none');
    this.#files = new MemoryFiles();
  }
}
