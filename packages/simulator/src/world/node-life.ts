import { type ClusterEvent, ClusterNode, type ClusterNodeConfig, type GroupObserver } from '@flotilla/cluster';
import { type FlotillaError, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import type { VirtualRuntime } from '@flotilla/runtime/virtual';
import type { MemoryNetwork } from '@flotilla/transport/memory';
import type { NodeEnd, ReplicaId } from '../observation/observation.js';
import type { Observer } from '../observation/observer.js';
import type { Application, ApplicationInstance } from './application.js';
import { ObservedLog } from './observed-log.js';
import { observeStateMachine } from './observed-state-machine.js';
import type { SimulatedDisk } from './simulated-disk.js';

/** What one life of a node's process is made of. */
export interface NodeLifeOptions {
  readonly name: string;
  /** 1 for the first of the machine. */
  readonly number: number;
  readonly runtime: VirtualRuntime;
  readonly network: MemoryNetwork;
  readonly disk: SimulatedDisk;
  readonly config: ClusterNodeConfig;
  readonly application: Application;
  readonly observer: Observer;
  /** It failed: it could not start, or it gave up later. Told at most once, and never after `end`. */
  readonly onFailed: (error: FlotillaError) => void;
}

/** One life of a node's process: from its start to its end, whichever way that comes. */
export class NodeLife {
  readonly number: number;
  readonly runtime: VirtualRuntime;
  readonly #options: NodeLifeOptions;
  readonly #replicas = new Map<number, ReplicaId>();
  #instance: ApplicationInstance | undefined;
  #node: ClusterNode | undefined;
  /** Of the cores that run: they begin after the node has its id. */
  #nodeId = 0;
  #over = false;
  #failure: FlotillaError | undefined;

  constructor(options: NodeLifeOptions) {
    this.number = options.number;
    this.runtime = options.runtime;
    this.#options = options;
  }

  /** The node, from the moment on in which it listens. */
  get node(): ClusterNode | undefined {
    return this.#node;
  }

  /** Why it could not start, or gave up. */
  get failure(): FlotillaError | undefined {
    return this.#failure;
  }

  /** Resolves once the node listens, or failed to; never when its process dies meanwhile. */
  async start(): Promise<void> {
    const { name, number, observer } = this.#options;
    observer.observe({ kind: 'node-started', node: name, life: number });
    try {
      const node = await this.#open();
      if (this.#over) return;
      this.#node = node;
      this.#instance?.started?.(node);
      this.#watch(node);
    } catch (error) {
      this.#failed(toFlotillaError(error));
    }
  }

  async #open(): Promise<ClusterNode> {
    const { name, runtime, network, disk, config, application } = this.#options;
    const storage = await disk.open(runtime);
    const instance = application.open({ node: name, runtime });
    this.#instance = instance;
    return ClusterNode.start({
      config,
      transports: [network.transport(name, { runtime })],
      log: async (worker) => new ObservedLog(await storage.log(worker), this.#tell, name, this.number),
      snapshots: storage.snapshots,
      catalog: storage.catalog,
      runtime,
      stateMachine: (group) =>
        observeStateMachine(
          instance.stateMachine(group),
          () => this.#replica(group),
          this.#tell,
          (error) => this.#failed(toFlotillaError(error)),
        ),
      observers: [this.#groupObserver()],
      trace: (group, event) => {
        this.#nodeId = event.id;
        this.#tell.observe({ kind: 'trace', replica: this.#replica(group), event });
      },
      onEvent: (event) => this.#event(event),
    });
  }

  #groupObserver(): GroupObserver {
    const { observe } = this.#tell;
    return {
      confChangeApplied: (change) => observe({ kind: 'conf-change', replica: this.#replica(change.group), change }),
      appliedTo: (group, index) => observe({ kind: 'watermark', replica: this.#replica(group), index }),
      groupStopped: (group, error) => {
        observe({ kind: 'group-stopped', replica: this.#replica(group), error });
        // The other groups of the node go on, but its disk is no longer to be trusted: an operator replaces it.
        if (isFlotillaError(error, 'StorageCorrupt')) this.#failed(error);
      },
      groupAdded: (group) => observe({ kind: 'group-opened', replica: this.#replica(group) }),
      messageLeaves: (group, message) => observe({ kind: 'message-leaves', replica: this.#replica(group), message }),
      groupRemoved: (group) => observe({ kind: 'group-dropped', replica: this.#replica(group) }),
    };
  }

  /** Nothing is observed of a process that is gone. */
  readonly #tell: Observer = {
    observe: (observation) => {
      if (!this.#over) this.#options.observer.observe(observation);
    },
  };

  #event(event: ClusterEvent): void {
    this.#tell.observe({ kind: 'cluster-event', node: this.#options.name, life: this.number, event });
  }

  #watch(node: ClusterNode): void {
    const failed = (): void => {
      node.whenReady().catch((error: unknown) => this.#failed(toFlotillaError(error)));
    };
    node.watchLifecycle(({ phase }) => {
      if (phase === 'failed') failed();
    });
    if (node.lifecycle.phase === 'failed') failed();
  }

  /** Ids of replicas are kept, since every observation of one carries it. */
  #replica(group: number): ReplicaId {
    const nodeId = this.#nodeId;
    let replica = this.#replicas.get(group);
    if (replica === undefined || replica.nodeId !== nodeId) {
      replica = { node: this.#options.name, life: this.number, nodeId, group };
      this.#replicas.set(group, replica);
    }
    return replica;
  }

  #failed(error: FlotillaError): void {
    if (this.#over || this.#failure !== undefined) return;
    this.#failure = error;
    this.#options.onFailed(error);
  }

  /** Stops the node in good order. */
  async stop(): Promise<void> {
    await this.#instance?.stop?.();
    await this.#node?.stop();
    await this.#options.disk.close();
    this.end('stopped');
  }

  /** The process is gone: nothing of it happens any more, and nothing of it is observed. */
  end(how: NodeEnd): void {
    if (this.#over) return;
    const { observer, name } = this.#options;
    this.#over = true;
    this.runtime.halt();
    observer.observe({ kind: 'node-ended', node: name, life: this.number, how });
  }
}
