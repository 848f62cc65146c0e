import { FlotillaClient } from '@flotilla/client';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { type HubLink, hubRendezvous, messagePortTransport, PortHub } from '@flotilla/transport-message-port';
import type { NodeOrder, NodeReport, NodeView } from '../node/node-messages.js';

/** A machine of the page: a worker while it is up, and a database at all times. */
export interface Machine {
  readonly name: string;
  readonly state: 'up' | 'down';
  /** As last told; undefined before the first time of this life. */
  readonly view: NodeView | undefined;
  readonly failure: string | undefined;
}

/** One line of the log of events. */
export interface PageEvent {
  readonly number: number;
  readonly atMs: number;
  readonly node: string;
  readonly text: string;
}

interface Life {
  readonly worker: Worker;
  readonly link: HubLink;
}

const NUM_GROUPS = 3;
const EVENTS_MAX = 200;
const RETRY_MS = 300;

/** Three nodes in three workers, a client in the page, and what can be done to them. */
export class PageCluster {
  readonly names: readonly string[] = ['n1', 'n2', 'n3'];
  readonly #hub = new PortHub({ runtime });
  readonly #lives = new Map<string, Life>();
  readonly #machines = new Map<string, Machine>();
  readonly #cuts = new Set<string>();
  /** Ids of nodes whose disk was emptied: the cluster is told to replace them once the machine is back. */
  readonly #wiped = new Map<string, number>();
  readonly #changed: () => void;
  #events: readonly PageEvent[] = [];
  #eventNumber = 0;
  #client: Promise<FlotillaClient> | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
    for (const name of this.names) {
      this.#machines.set(name, { name, state: 'down', view: undefined, failure: undefined });
    }
  }

  get machines(): readonly Machine[] {
    return [...this.#machines.values()];
  }

  get events(): readonly PageEvent[] {
    return this.#events;
  }

  /** Pairs whose link is cut, such as `n1 n2`. */
  get cuts(): ReadonlySet<string> {
    return this.#cuts;
  }

  /** The client of the page; connects once a node answers. */
  client(): Promise<FlotillaClient> {
    this.#client ??= this.#connect();
    return this.#client;
  }

  /** Starts all nodes over what their databases hold. */
  start(): void {
    for (const name of this.names) this.restart(name);
  }

  /** The worker is terminated, as a process is killed: its node is not asked. */
  kill(name: string): void {
    const life = this.#lives.get(name);
    if (life === undefined) return;
    this.#lives.delete(name);
    life.worker.terminate();
    life.link.close();
    this.#set(name, { state: 'down', view: undefined });
    this.#note(name, 'killed');
  }

  /** Starts a node that is down over what its database holds. */
  restart(name: string): void {
    if (this.#lives.has(name)) return;
    const worker = new Worker(new URL('../node/node-worker.ts', import.meta.url), { type: 'module', name });
    const link = this.#hub.link(name);
    this.#lives.set(name, { worker, link });
    worker.onmessage = ({ data }: MessageEvent<NodeReport>) => {
      if (this.#lives.get(name)?.worker === worker) this.#told(name, data);
    };
    worker.onerror = (event) => this.#set(name, { failure: event.message });
    // A node that lost its disk must not found a second cluster: it looks at the others only.
    const seeds = this.#wiped.has(name) ? this.names.filter((other) => other !== name) : this.names;
    const order: NodeOrder = { kind: 'start', name, seeds, numGroups: NUM_GROUPS, port: link.port };
    worker.postMessage(order, [link.port]);
    this.#set(name, { state: 'up', view: undefined, failure: undefined });
    this.#note(name, 'started');
    this.#orderCuts(name);
  }

  /** Kills a node and empties its database; started again it joins as another node, which takes the old one's place. */
  async wipe(name: string): Promise<void> {
    const nodeId = this.#machines.get(name)?.view?.nodeId;
    this.kill(name);
    if (nodeId !== undefined) this.#wiped.set(name, nodeId);
    await deleteDatabase(`playground-${name}`);
    this.#note(name, 'wiped: its disk is empty');
  }

  /** Cuts or heals the link between two nodes, in both directions. */
  toggleLink(a: string, b: string): void {
    const pair = `${a} ${b}`;
    if (!this.#cuts.delete(pair)) this.#cuts.add(pair);
    this.#note(a, this.#cuts.has(pair) ? `the link to ${b} is cut` : `the link to ${b} is healed`);
    for (const name of [a, b]) this.#orderCuts(name);
    this.#changed();
  }

  #orderCuts(name: string): void {
    const peers = [...this.#cuts]
      .map((pair) => pair.split(' '))
      .filter((pair) => pair.includes(name))
      .map(([a = '', b = '']) => (a === name ? b : a));
    const order: NodeOrder = { kind: 'cut', peers };
    this.#lives.get(name)?.worker.postMessage(order);
  }

  #told(name: string, report: NodeReport): void {
    if (report.kind === 'view') {
      this.#set(name, { view: report.view });
      this.#replaceWiped(name, report.view);
    } else if (report.kind === 'failed') {
      this.#set(name, { failure: report.error });
      this.#note(name, report.error);
    } else {
      const text = eventText(report.event);
      if (text !== undefined) this.#note(name, text);
    }
  }

  /** The operator's part: the node that was lost makes room for the one that came in its place. */
  #replaceWiped(name: string, { nodeId, phase }: NodeView): void {
    const old = this.#wiped.get(name);
    if (old === undefined || phase !== 'ready' || nodeId === old) return;
    this.#wiped.delete(name);
    this.client()
      .then((client) => client.admin.members.replace(old, nodeId))
      .then(
        () => this.#note(name, `node ${nodeId} takes the place of node ${old}`),
        () => runtime.setTimer(RETRY_MS, () => this.#wiped.set(name, old)),
      );
  }

  async #connect(): Promise<FlotillaClient> {
    const transport = messagePortTransport({
      runtime,
      rendezvous: hubRendezvous(this.#hub.link('page').port),
      keepAlive: { intervalMs: 500, missedMax: 4 },
    });
    const endpoints = this.names.map((name) => `port://${name}`);
    for (;;) {
      try {
        return await FlotillaClient.connect({ endpoints, transports: [transport], runtime });
      } catch {
        // Nodes that are still starting answer nobody yet.
        await new Promise<void>((resolve) => runtime.setTimer(RETRY_MS, resolve));
      }
    }
  }

  #set(name: string, change: Partial<Machine>): void {
    const machine = this.#machines.get(name);
    if (machine !== undefined) this.#machines.set(name, { ...machine, ...change });
    this.#changed();
  }

  #note(node: string, text: string): void {
    const event = { number: ++this.#eventNumber, atMs: runtime.now(), node, text };
    this.#events = [event, ...this.#events].slice(0, EVENTS_MAX);
    this.#changed();
  }
}

function eventText(event: Extract<NodeReport, { kind: 'event' }>['event']): string | undefined {
  switch (event.name) {
    case 'lifecycle.changed':
      return `${event.phase}${event.detail === '' ? '' : `: ${event.detail}`}`;
    case 'conf_change.applied':
      return `group ${event.group}: voters are ${event.peers.join(', ')}`;
    case 'snapshot.sent':
      return `group ${event.group}: snapshot sent to node ${event.peer}`;
    case 'group.stopped':
      return `group ${event.group} stopped: ${event.error}`;
    case 'storage.full':
    case 'storage.room':
      return event.name;
    default:
      return undefined;
  }
}

function deleteDatabase(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase(name);
    request.onsuccess = () => resolve();
    request.onerror = () => reject(new Error(`the database ${name} could not be deleted`, { cause: request.error }));
  });
}
