import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Durability } from '../durability.js';
import type { FileHandle, Files, FolderLock, OpenOptions } from '../files.js';
import { failed, full, invalid } from '../storage-errors.js';
import { MemoryFolder, type MemoryNode } from './memory-folder.js';
import type { FilesCall, FilesFault, FilesOperation } from './files-call.js';
import { type Effects, MemoryFileHandle, type Run } from './memory-file-handle.js';
import { MemoryInode } from './memory-inode.js';
import { joined, partsOf } from './memory-path.js';
import { choicesOf, cloneOf, type CrashChoice, leftOf, type Survival } from './survival.js';

const EMPTY = new Uint8Array(0);

/** How a MemoryFiles behaves. */
export interface MemoryFilesOptions {
  /** Needed for `latencyMs`. */
  readonly runtime?: Runtime;
  /** How long a call takes, in ms; without it calls complete in a microtask. */
  readonly latencyMs?: (call: FilesCall) => number;
  /** Asked at every call; see {@link FilesFault}. */
  readonly onCall?: (call: FilesCall) => FilesFault | undefined;
  /** Bytes that all files together may take; a write that would take more rejects with StorageFull. */
  readonly capacityBytes?: number;
  /** Told of every write that was refused for want of space. */
  readonly onFull?: (path: string) => void;
  /** What calls of a crashed process do: `reject` with StorageFailed (the default), or `hang` for ever, as in a real one. */
  readonly afterCrash?: 'reject' | 'hang';
}

/** A disk in memory that can be tormented: durable and volatile layers, crashes with any surviving subset, faults by call. */
export class MemoryFiles implements Files {
  readonly durability: Durability = 'power';
  /** May be replaced at any time. */
  onCall: ((call: FilesCall) => FilesFault | undefined) | undefined;
  /** May be changed at any time; see {@link MemoryFilesOptions.capacityBytes}. */
  capacityBytes: number;
  readonly #options: MemoryFilesOptions;
  #root = new MemoryFolder();
  readonly #locks = new Set<string>();
  #calls = 0;
  #dead = false;

  constructor(options: MemoryFilesOptions = {}) {
    this.#options = options;
    this.onCall = options.onCall;
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Calls so far. */
  get calls(): number {
    return this.#calls;
  }

  /** Whether this process has crashed. */
  get isDead(): boolean {
    return this.#dead;
  }

  async open(path: string, options: OpenOptions = {}): Promise<FileHandle> {
    const { folder, name } = this.#locate(path);
    const inode = await this.#call('open', path, 0, 0, {
      effect: () => {
        const found = folder.names.get(name);
        if (found instanceof MemoryFolder) throw failed('open', path, 'it is a folder');
        if (found !== undefined) return found;
        if (options.create !== true) throw failed('open', path, 'no such file');
        const made = new MemoryInode();
        folder.link(name, made);
        return made;
      },
    });
    const run: Run = (operation, position, length, effects) => this.#call(operation, path, position, length, effects);
    return new MemoryFileHandle(path, inode, options.dataSync === true, run, (bytes) => this.#exceeds(path, bytes));
  }

  async list(folder: string): Promise<readonly string[]> {
    return this.#call('list', folder, 0, 0, {
      effect: () => {
        const node = this.#find(folder);
        return node instanceof MemoryFolder ? [...node.names.keys()].sort(byCodeUnit) : [];
      },
    });
  }

  async makeFolder(folder: string): Promise<void> {
    await this.#call('makeFolder', folder, 0, 0, {
      effect: () => {
        let at = this.#root;
        for (const part of partsOf(folder)) {
          let next = at.names.get(part);
          if (next === undefined) at.linkDurably(part, (next = new MemoryFolder()));
          if (!(next instanceof MemoryFolder)) throw failed('makeFolder', folder, `${part} is a file`);
          at = next;
        }
      },
    });
  }

  async rename(from: string, to: string): Promise<void> {
    const source = this.#locate(from);
    const target = this.#locate(to);
    if (source.folder !== target.folder) throw invalid('to', `${to} is not in the folder of ${from}`);
    await this.#call('rename', from, 0, 0, {
      effect: () => {
        const node = source.folder.names.get(source.name);
        if (node === undefined) throw failed('rename', from, 'no such file');
        source.folder.rename(source.name, target.name, node);
      },
    });
  }

  async remove(path: string): Promise<void> {
    const { folder, name } = this.#locate(path);
    await this.#call('remove', path, 0, 0, {
      effect: () => {
        const node = folder.names.get(name);
        if (node instanceof MemoryFolder) throw failed('remove', path, 'it is a folder');
        if (node !== undefined) folder.unlink(name, node);
      },
    });
  }

  async syncFolder(folder: string): Promise<void> {
    const node = this.#find(folder);
    if (!(node instanceof MemoryFolder)) throw failed('syncFolder', folder, 'no such folder');
    await this.#call('syncFolder', folder, 0, 0, {
      effect: () => undefined,
      settle: () => node.settle(),
    });
  }

  async lock(folder: string): Promise<FolderLock> {
    await this.#call('lock', folder, 0, 0, {
      effect: () => {
        if (!this.#locks.has(folder)) return void this.#locks.add(folder);
        throw new FlotillaError('StorageLocked', {
          message: `the folder ${folder} is in use already, by this very process; close the other user first`,
          details: { path: folder },
        });
      },
    });
    const release = async (): Promise<void> => void this.#locks.delete(folder);
    return { release, [Symbol.asyncDispose]: release };
  }

  /** What a power cut now has to decide, in a fixed order. */
  choices(): CrashChoice[] {
    return choicesOf(this.#root);
  }

  /**
   * The process dies, and the machine too unless `survive` is `process`: what the next process finds, as a new MemoryFiles with the
   * options given, call numbers from 1 on. This one is dead, but may crash again in another way, from the same state.
   */
  crash(survive: Survival, options: MemoryFilesOptions = {}): MemoryFiles {
    this.#dead = true;
    return this.fork(survive, options);
  }

  /** What `crash` would leave, while this one goes on. */
  fork(survive: Survival, options: MemoryFilesOptions = {}): MemoryFiles {
    const left = new MemoryFiles(options);
    left.#root = survive === 'process' ? cloneOf(this.#root) : leftOf(this.#root, survive);
    return left;
  }

  /**
   * The bytes of a file as seen now, all of them or those in [start, end), or undefined where there is no such file. No call of the port, so
   * it suffers no fault.
   */
  peek(path: string, start?: number, end?: number): Uint8Array | undefined {
    const node = this.#find(path);
    return node instanceof MemoryInode ? node.content(start, end) : undefined;
  }

  /** Bytes that all files together take now. */
  get usedBytes(): number {
    let used = 0;
    const visit = (folder: MemoryFolder): void => {
      for (const node of folder.names.values()) {
        if (node instanceof MemoryFolder) visit(node);
        else used += node.size;
      }
    };
    visit(this.#root);
    return used;
  }

  /** Paths of all files, ascending. */
  paths(): string[] {
    const list: string[] = [];
    const visit = (folder: MemoryFolder, path: string): void => {
      for (const [name, node] of folder.names) {
        if (node instanceof MemoryFolder) visit(node, joined(path, name));
        else list.push(joined(path, name));
      }
    };
    visit(this.#root, '');
    return list.sort(byCodeUnit);
  }

  /** Overwrites bytes behind everyone's back, durably: bit rot, a misdirected write. Makes the file where there is none. */
  tamper(path: string, position: number, bytes: Uint8Array): void {
    const parts = partsOf(path);
    const name = parts.pop() ?? '';
    let folder = this.#root;
    for (const part of parts) {
      let next = folder.names.get(part);
      if (!(next instanceof MemoryFolder)) folder.linkDurably(part, (next = new MemoryFolder()));
      folder = next;
    }
    let node = folder.names.get(name);
    if (!(node instanceof MemoryInode)) folder.linkDurably(name, (node = new MemoryInode()));
    node.tamper(position, bytes);
  }

  /** Whether `bytes` more for a file would go beyond the capacity. */
  #exceeds(path: string, bytes: number): boolean {
    if (this.capacityBytes === Number.POSITIVE_INFINITY) return false;
    const exceeds = this.usedBytes + bytes > this.capacityBytes;
    if (exceeds) this.#options.onFull?.(path);
    return exceeds;
  }

  /** Runs one call with the faults, delays and crashes that are due. */
  async #call<T>(
    operation: FilesOperation,
    path: string,
    position: number,
    length: number,
    { effect, settle, lose, bytes = EMPTY }: Effects<T>,
  ): Promise<T> {
    if (this.#dead) return this.#gone();
    const call: FilesCall = { number: ++this.#calls, operation, path, position, length, bytes };
    const fault = this.onCall?.(call);
    if (fault?.kind === 'crash' && fault.when === 'before') return this.#die();
    if (fault?.kind === 'fail') {
      lose?.(fault.afterBytes ?? 0);
      await this.#pause(call);
      throw fault.code === 'StorageFull' ? full(path) : failed(operation, path, 'an injected fault');
    }
    const wrongPlace = fault?.kind === 'misdirect' ? fault.position : undefined;
    const result = effect(wrongPlace);
    if (fault?.kind === 'crash' && fault.when === 'during') return this.#die();
    if (fault?.kind === 'wait') await fault.until;
    await this.#pause(call);
    if (this.#dead) return this.#gone();
    settle?.(wrongPlace);
    return fault?.kind === 'crash' ? this.#die() : result;
  }

  async #pause(call: FilesCall): Promise<void> {
    const { runtime, latencyMs } = this.#options;
    if (runtime === undefined || latencyMs === undefined) return;
    const delay = latencyMs(call);
    await new Promise<void>((resolve) => runtime.setTimer(delay, resolve));
  }

  #die(): Promise<never> {
    this.#dead = true;
    return this.#gone();
  }

  #gone(): Promise<never> {
    if (this.#options.afterCrash === 'hang') return new Promise<never>(() => undefined);
    return Promise.reject(failed('call', '(all files)', 'the process has crashed'));
  }

  #find(path: string): MemoryNode | undefined {
    let at: MemoryNode | undefined = this.#root;
    for (const part of partsOf(path)) at = at instanceof MemoryFolder ? at.names.get(part) : undefined;
    return at;
  }

  #locate(path: string): { folder: MemoryFolder; name: string } {
    const parts = partsOf(path);
    const name = parts.pop();
    const folder = this.#find(parts.join('/'));
    if (name === undefined || !(folder instanceof MemoryFolder))
      throw failed('open', path, 'its folder does not exist');
    return { folder, name };
  }
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
