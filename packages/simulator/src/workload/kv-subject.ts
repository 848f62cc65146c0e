import { FlotillaClient } from '@flotilla/client';
import { isFlotillaError } from '@flotilla/errors';
import { groupOfVshard, vshardOfKey } from '@flotilla/routing';
import { delay } from '@flotilla/runtime';
import { utf8Encode } from '@flotilla/bytes';
import type { Prng, VirtualRuntime } from '@flotilla/runtime/virtual';
import { kvApplication } from '../world/kv-application.js';
import type { Subject, Workload, WorkloadContext } from './workload.js';

/** The key-value store, with clients that put and get. */
export const kvSubject: Subject = {
  application: kvApplication,
  workload: (context) => new KvWorkload(context),
};

/** Clients of the key-value store. */
class KvWorkload implements Workload {
  readonly #context: WorkloadContext;
  readonly #runtime: VirtualRuntime;
  readonly #prng: Prng;
  #clients: FlotillaClient[] = [];
  #loops: Promise<void>[] = [];
  #stopped = false;
  #operations = 0;

  constructor(context: WorkloadContext) {
    this.#context = context;
    this.#prng = context.prng;
    this.#runtime = context.cluster.world.createRuntime();
  }

  get operations(): number {
    return this.#operations;
  }

  async start(): Promise<void> {
    const { cluster, plan } = this.#context;
    for (let number = 1; number <= plan.clients; number++) {
      const client = await this.#connect(`client${number}`);
      this.#clients.push(client);
      this.#loops.push(this.#use(client, this.#prng.fork(number)));
    }
    this.#clients.push(await this.#connect('prober'));
    cluster.story.note(`${plan.clients} clients`);
  }

  #connect(name: string): Promise<FlotillaClient> {
    const { cluster } = this.#context;
    return FlotillaClient.connect({
      endpoints: cluster.endpoints,
      transports: [cluster.network.transport(name, { runtime: this.#runtime })],
      runtime: this.#runtime,
    });
  }

  async #use(client: FlotillaClient, prng: Prng): Promise<void> {
    const { plan } = this.#context;
    while (!this.#stopped) {
      await delay(this.#runtime, prng.integer(1, 2 * plan.pauseMs));
      this.#operations += 1;
      const key = `key ${prng.integer(0, plan.keys)}`;
      try {
        if (prng.chance(0.5)) await client.put(key, `${this.#operations}`);
        else await client.get(key);
      } catch (error) {
        if (!isFlotillaError(error)) throw error;
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  async probe(): Promise<void> {
    const client = this.#clients.at(-1);
    for (const key of this.#keysOfGroups()) {
      await client?.put(key, 'probe', { timeoutMs: 60_000 });
      await client?.get(key, { timeoutMs: 60_000 });
    }
  }

  /** A key of each data group. */
  #keysOfGroups(): string[] {
    const routing = this.#context.cluster.readyNode()?.routing();
    const keys = new Map<number, string>();
    for (let number = 0; routing !== undefined && number < 1_000; number++) {
      const key = `probe ${number}`;
      const group = groupOfVshard(routing, vshardOfKey(utf8Encode(key)));
      if (group !== undefined && !keys.has(group)) keys.set(group, key);
    }
    return [...keys.values()];
  }

  check(): void {
    return undefined;
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
