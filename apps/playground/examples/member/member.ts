import { FlotillaClient } from '@flotilla/client';
import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { hubRendezvous, messagePortTransport, PortHub } from '@flotilla/transport-message-port';
import { MEMBER_ADDRESS, type MemberOrder, type MemberReport, type MemberView } from './member-messages.js';
import { pageTransports } from './page-transports.js';

/** Which cluster the page joins, and as what. */
export type MemberSettings = Omit<MemberOrder, 'port'>;

/** The node of this page, in its worker, and the two clients of the page. */
export class Member {
  /** What the node last told; undefined before the first time. */
  view: MemberView | undefined;
  failure: string | undefined;
  readonly #settings: MemberSettings;
  readonly #hub = new PortHub({ runtime });
  readonly #worker: Worker;
  #cluster: Promise<FlotillaClient> | undefined;
  #copy: Promise<FlotillaClient> | undefined;

  constructor(settings: MemberSettings, changed: () => void) {
    this.#settings = settings;
    this.#worker = new Worker(new URL('./member-worker.ts', import.meta.url), { type: 'module', name: settings.name });
    this.#worker.onmessage = ({ data }: MessageEvent<MemberReport>) => {
      if (data.kind === 'view') this.view = data.view;
      else this.failure = data.error;
      changed();
    };
    const { port } = this.#hub.link('member');
    const order: MemberOrder = { ...settings, port };
    this.#worker.postMessage(order, [port]);
  }

  get name(): string {
    return this.#settings.name;
  }

  /** Speaks with the servers: writes, transactions, and whatever must be linearizable. */
  cluster(): Promise<FlotillaClient> {
    this.#cluster ??= FlotillaClient.connect({
      endpoints: this.#settings.servers,
      transports: pageTransports(this.#settings),
      runtime,
      requestTimeoutMs: 5_000,
    });
    this.#cluster.catch(() => (this.#cluster = undefined));
    return this.#cluster;
  }

  /** Speaks with the node of this page alone: reads with `consistency: 'stale'`, also without any network, and watches. */
  copy(): Promise<FlotillaClient> {
    this.#copy ??= FlotillaClient.connect({
      endpoints: [MEMBER_ADDRESS],
      transports: [messagePortTransport({ runtime, rendezvous: hubRendezvous(this.#hub.link('page').port) })],
      runtime,
    });
    this.#copy.catch(() => (this.#copy = undefined));
    return this.#copy;
  }

  /** Ends the node and empties its database: the next start is another node. */
  async forget(): Promise<void> {
    this.#worker.terminate();
    await new Promise<void>((resolve, reject) => {
      const request = indexedDB.deleteDatabase(`member-${this.#settings.name}`);
      request.onsuccess = () => resolve();
      request.onerror = () => reject(new Error('the database could not be deleted', { cause: request.error }));
    });
  }
}
