import { type ClusterEvent, ClusterNode, type ClusterNodeConfig, SessionStateMachine } from '@flotilla/cluster';
import { FlotillaError } from '@flotilla/errors';
import { KvGroups } from '@flotilla/kv';
import { KvEndpoint } from '@flotilla/kv/endpoint';
import type { Runtime } from '@flotilla/runtime';
import type { Transport } from '@flotilla/transport';
import type { LocalDisk } from './local-disk.js';

/** What a node of a local cluster is made of. */
export interface LocalNodeOptions {
  readonly name: string;
  readonly address: string;
  readonly seeds: readonly string[];
  readonly config: Partial<ClusterNodeConfig>;
  readonly runtime: Runtime;
  /** A transport for one life of the node. */
  readonly transport: () => Transport;
  /** All connections of the node are gone, as if its process had died. */
  readonly cut: () => void;
  readonly disk: LocalDisk;
  readonly onEvent?: ((node: string, event: ClusterEvent) => void) | undefined;
}

/** One life of a node: from a start to its stop or crash. */
interface Life {
  readonly node: ClusterNode;
  readonly endpoint: KvEndpoint;
}

/** One node of a local cluster, through all its lives. */
export class LocalNode {
  readonly name: string;
  readonly address: string;
  readonly #options: LocalNodeOptions;
  #life: Life | undefined;

  constructor(options: LocalNodeOptions) {
    this.name = options.name;
    this.address = options.address;
    this.#options = options;
  }

  /** Whether the node runs. */
  get isUp(): boolean {
    return this.#life !== undefined;
  }

  /** The node that runs. @throws {FlotillaError} NotReady while it is down */
  get node(): ClusterNode {
    if (this.#life === undefined) {
      const reason = `node ${this.name} is down`;
      throw new FlotillaError('NotReady', { message: reason, details: { reason } });
    }
    return this.#life.node;
  }

  /** Starts it over what its disk holds; resolves once it listens. Does nothing while it runs. */
  async start(): Promise<void> {
    if (this.#life !== undefined) return;
    const { address, seeds, config, runtime, transport, disk, name, onEvent } = this.#options;
    const storage = await disk.open();
    const groups = new KvGroups((machine) => new SessionStateMachine(machine));
    const node = await ClusterNode.start({
      config: { nodeName: name, listen: [address], seeds, ...config },
      transports: [transport()],
      log: (worker) => storage.log(worker),
      snapshots: storage.snapshots,
      catalog: storage.catalog,
      runtime,
      stateMachine: groups.stateMachine,
      onEvent: (event) => onEvent?.(name, event),
    });
    this.#life = { node, endpoint: new KvEndpoint({ node, groups, runtime }) };
  }

  /** Stops it in good order. */
  async stop(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return;
    await life.endpoint.stop();
    await life.node.stop();
    await this.#options.disk.close();
  }

  /** Its process dies: connections break, what it was about to write is lost, what it wrote is kept. */
  async crash(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return;
    this.#options.cut();
    this.#options.disk.crash();
    await Promise.allSettled([life.endpoint.stop(), life.node.stop()]);
  }
}
