import type { ClusterNode, ClusterNodeConfig } from '@flotilla/cluster';
import type { FlotillaError } from '@flotilla/errors';
import type { VirtualRuntime, VirtualRuntimeOptions, VirtualWorld } from '@flotilla/runtime/virtual';
import type { Survival } from '@flotilla/storage/memory';
import type { MemoryNetwork } from '@flotilla/transport/memory';
import type { NodeEnd } from '../observation/observation.js';
import type { Observer } from '../observation/observer.js';
import type { Application } from './application.js';
import { NodeLife } from './node-life.js';
import type { SimulatedDisk } from './simulated-disk.js';

/** What a machine is made of. */
export interface SimulatedNodeOptions {
  readonly name: string;
  readonly world: VirtualWorld;
  readonly network: MemoryNetwork;
  readonly disk: SimulatedDisk;
  /** Of its next life. */
  readonly config: () => ClusterNodeConfig;
  /** Its clocks: the same through all its lives. */
  readonly clock: VirtualRuntimeOptions;
  readonly application: Application;
  readonly observer: Observer;
  /** A life of its process failed. */
  readonly onFailed: (node: SimulatedNode, error: FlotillaError) => void;
}

/** See `SimulatedNode.state`. */
export type SimulatedNodeState = 'down' | 'starting' | 'running' | 'failed';

/** A machine: its disk, its clock, and the process of a node on it, which may die and start again. */
export class SimulatedNode {
  readonly name: string;
  readonly #options: SimulatedNodeOptions;
  #life: NodeLife | undefined;
  #lives = 0;
  #paused = false;
  #stopping: Promise<void> | undefined;
  #nodeId: number | undefined;
  #driftPpm: number;

  constructor(options: SimulatedNodeOptions) {
    this.name = options.name;
    this.#options = options;
    this.#driftPpm = options.clock.driftPpm ?? 0;
  }

  get disk(): SimulatedDisk {
    return this.#options.disk;
  }

  /** Where the node listens. */
  get address(): string {
    return addressOf(this.name);
  }

  /** Number of the life of its process that runs, or ran last; 0 before the first. */
  get life(): number {
    return this.#lives;
  }

  /** Whether there is a process: it may still be starting, may be paused, may have failed. */
  get isUp(): boolean {
    return this.#life !== undefined;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  /** Where the process stands: `failed` when it could not start, or gave up, and has not ended. */
  get state(): SimulatedNodeState {
    if (this.#life === undefined) return 'down';
    if (this.#life.failure !== undefined) return 'failed';
    return this.#life.node === undefined ? 'starting' : 'running';
  }

  /** Clock, turns and chance of the process that runs; undefined while there is none. */
  get runtime(): VirtualRuntime | undefined {
    return this.#life?.runtime;
  }

  /** Id of the node in its cluster, also while it is down; undefined until it has one, and after a wipe. */
  get nodeId(): number | undefined {
    const id = this.#life?.node?.nodeId ?? 0;
    return id === 0 ? this.#nodeId : id;
  }

  /** How much faster its clock runs than the world's, in millionths: kept over its lives. */
  get driftPpm(): number {
    return this.#driftPpm;
  }

  set driftPpm(ppm: number) {
    this.#driftPpm = ppm;
    this.#life?.runtime.setDrift(ppm);
  }

  /** The node that runs here. @throws {Error} while it is down, or does not listen yet */
  get node(): ClusterNode {
    const node = this.running;
    if (node === undefined) throw new Error(`${this.name} is down, or does not listen yet`);
    return node;
  }

  /** The node that runs here, paused or not; undefined while it is down, or does not listen yet. */
  get running(): ClusterNode | undefined {
    return this.#life?.node;
  }

  /** Why the process that runs gave up. */
  get failure(): FlotillaError | undefined {
    return this.#life?.failure;
  }

  /**
   * Starts the node over what its disk holds; does nothing while there is a process. Resolves once the node listens, or failed to; never when
   * its process dies meanwhile, so that a fault does not wait for it.
   */
  async start(): Promise<void> {
    if (this.#life !== undefined) return;
    const { name, world, network, disk, config, clock, application, observer, onFailed } = this.#options;
    this.#lives += 1;
    this.#paused = false;
    const life = new NodeLife({
      name,
      number: this.#lives,
      runtime: world.createRuntime({ ...clock, driftPpm: this.#driftPpm }),
      network,
      disk,
      config: config(),
      application,
      observer,
      onFailed: (error) => onFailed(this, error),
    });
    this.#life = life;
    await life.start();
  }

  /** Stops the node in good order; does nothing while it is down, paused, or still starting. Resolves when it is down. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (life?.node === undefined || this.#paused) return;
    this.#stopping ??= life.stop().finally(() => {
      this.#stopping = undefined;
      this.#nodeId = this.nodeId;
      if (this.#life === life) this.#life = undefined;
    });
    await this.#stopping;
  }

  /** The process dies and the machine stays: peers are told so by its system, and the disk has all that was written. */
  kill(): void {
    this.#end('killed', () => {
      this.#options.network.crash(this.name);
      this.disk.crash('process');
    });
  }

  /** The machine loses its power: peers hear nothing unless told otherwise, and of what was not synced the disk has what `survival` says. */
  powerCut(survival: Survival, options: { readonly peers?: 'reset' | 'silence' } = {}): void {
    this.#end('power', () => {
      this.#options.network.crash(this.name, { peers: options.peers ?? 'silence' });
      this.disk.crash(survival);
    });
  }

  /** The process dies, and its disk is replaced by an empty one: the node that it was is lost. */
  wipe(): void {
    this.kill();
    this.disk.wipe();
    this.#nodeId = undefined;
    this.#options.observer.observe({ kind: 'node-ended', node: this.name, life: this.#lives, how: 'wiped' });
  }

  #end(how: NodeEnd, effect: () => void): void {
    const life = this.#life;
    if (life === undefined) return;
    this.#nodeId = this.nodeId;
    this.#life = undefined;
    this.#paused = false;
    this.#stopping = undefined;
    life.end(how);
    effect();
  }

  /** The process stands still; its connections stay. Its clock goes on, or stands still with it, as that of a virtual machine does. */
  pause(clock: 'goes-on' | 'stands-still' = 'goes-on'): void {
    if (this.#life === undefined || this.#paused) return;
    this.#paused = true;
    this.#life.runtime.pause({ clock });
  }

  /** Ends a pause. */
  resume(): void {
    if (this.#life === undefined || !this.#paused) return;
    this.#paused = false;
    this.#life.runtime.resume();
  }
}

/** Where the node of a machine listens. */
export function addressOf(name: string): string {
  return `mem://${name}:1`;
}
