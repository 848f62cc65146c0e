import { FlotillaClient } from '@flotilla/client';
import { utf8Encode } from '@flotilla/bytes';
import { groupOfVshard, vshardOfKey } from '@flotilla/routing';
import type { Prng, VirtualRuntime } from '@flotilla/runtime/virtual';
import type { Observation } from '../observation/observation.js';
import { KvClientLoop } from './kv-client-loop.js';
import { KvRun } from './kv-run.js';
import { KvWatcher } from './kv-watcher.js';
import { type CheckedKeys, checkKeys } from './linearizable-keys.js';
import type { Workload, WorkloadContext } from './workload.js';

/** Operations of a probe have so long: they are to succeed in the end. */
const PROBE_TIMEOUT_MS = 60_000;
/** Operations that a client does at once: clients that contend find more than clients that take turns. */
const BURSTS = [1, 1, 4, 12];
/** Keys that are tried until each group has one. */
const PROBE_KEYS_MAX = 1_000;

/**
 * Clients of the key-value store: some with sessions, some without, some that know one node of the cluster at first, each with one or two
 * loops that put, read, compare, delete, range and compact, and with watches beside. What they were told is checked while they run against
 * what replicas applied, and at the end by the linearizability checker.
 */
export class KvWorkload implements Workload {
  readonly #context: WorkloadContext;
  readonly #run: KvRun;
  readonly #prng: Prng;
  readonly #burst: number;
  readonly #clients: FlotillaClient[] = [];
  readonly #watchers: KvWatcher[] = [];
  readonly #loops: Promise<void>[] = [];
  readonly #watching: Promise<void>[] = [];
  #prober: FlotillaClient | undefined;
  #checked: CheckedKeys | undefined;

  constructor(context: WorkloadContext) {
    this.#context = context;
    this.#prng = context.prng;
    this.#run = new KvRun(context.cluster, context.plan);
    this.#burst = this.#prng.fork('pace').pick(BURSTS);
  }

  get operations(): number {
    return this.#run.history.operations.length;
  }

  get undecided(): number {
    return this.#checked?.undecided ?? 0;
  }

  observe(observation: Observation): void {
    this.#run.endIfBroken();
    this.#run.applied.observe(observation);
  }

  async start(): Promise<void> {
    const { cluster, plan } = this.#context;
    this.#prober = await this.#connect('prober', cluster.world.createRuntime(), { sessions: 'on' });
    for (let number = 1; number <= plan.clients; number++) await this.#startClient(number);
    await this.#startWatchers();
    cluster.story.note(`${plan.clients} clients`);
  }

  async #startClient(number: number): Promise<void> {
    const { cluster, plan } = this.#context;
    const prng = this.#prng.fork(`client ${number}`);
    const runtime = cluster.world.createRuntime();
    const client = await this.#connect(`client${number}`, runtime, {
      sessions: prng.chance(0.6) ? 'on' : 'off',
      sessionTtlMs: prng.pick([20_000, 60_000]),
      attemptTimeoutMs: prng.pick([200, 1_000, 2_000]),
      ...(prng.chance(0.5) ? { endpoints: [prng.pick(cluster.endpoints)] } : {}),
    });
    const loops = prng.integer(1, 3);
    // The plan speaks of clients: two loops of one share its pace.
    const pace = { burst: this.#burst, pauseMs: loops * plan.pauseMs };
    for (let loop = 1; loop <= loops; loop++) {
      const process = `client${number}.${loop}`;
      this.#loops.push(
        new KvClientLoop(this.#run, { client, process, runtime, pace, prng: prng.fork(`loop ${loop}`) }).run(),
      );
    }
  }

  async #startWatchers(): Promise<void> {
    const { cluster } = this.#context;
    const runtime = cluster.world.createRuntime();
    const client = await this.#connect('watcher', runtime, { sessions: 'off' });
    const [key] = this.#run.keys;
    const watched = [{ kind: 'all' } as const, ...(key === undefined ? [] : [{ kind: 'one', key } as const])];
    for (const keys of watched) {
      const watcher = new KvWatcher(this.#run, { client, runtime, prng: this.#prng.fork(`watch ${keys.kind}`), keys });
      this.#watchers.push(watcher);
      this.#watching.push(watcher.run());
    }
  }

  async #connect(
    name: string,
    runtime: VirtualRuntime,
    options: Partial<Parameters<typeof FlotillaClient.connect>[0]>,
  ): Promise<FlotillaClient> {
    const { cluster } = this.#context;
    const client = await FlotillaClient.connect({
      endpoints: cluster.endpoints,
      transports: [cluster.network.transport(name, { runtime })],
      runtime,
      connectTimeoutMs: PROBE_TIMEOUT_MS,
      ...options,
    });
    this.#clients.push(client);
    return client;
  }

  async stop(): Promise<void> {
    this.#run.isOver = true;
    await Promise.all(this.#loops);
  }

  async probe(): Promise<void> {
    const prober = this.#prober;
    if (prober === undefined) return;
    for (const key of this.#keysOfGroups()) {
      const read = await prober.get(key, { timeoutMs: PROBE_TIMEOUT_MS });
      this.#run.seen(read);
      await prober.put(key, 'probe', { timeoutMs: PROBE_TIMEOUT_MS });
      this.#run.seen(await prober.get(key, { timeoutMs: PROBE_TIMEOUT_MS }));
    }
  }

  /** A key of each data group. */
  #keysOfGroups(): string[] {
    const routing = this.#context.cluster.readyNode()?.routing();
    const keys = new Map<number, string>();
    for (let number = 0; routing !== undefined && number < PROBE_KEYS_MAX; number++) {
      const key = `probe ${number}`;
      const group = groupOfVshard(routing, vshardOfKey(utf8Encode(key)));
      if (group !== undefined && !keys.has(group)) keys.set(group, key);
    }
    return [...keys.values()];
  }

  async check(): Promise<void> {
    this.#run.endIfBroken();
    await Promise.all(this.#watchers.map((watcher) => watcher.finish()));
    await Promise.all(this.#watching);
    this.#run.endIfBroken();
    const { history, applied } = this.#run;
    const { ok, definite, unknown } = history.counts;
    this.#checked = checkKeys(history.settled(applied));
    const { keys, operations, undecided } = this.#checked;
    this.#context.cluster.story.note(
      `clients: ${ok} answered, ${definite} refused, ${unknown} unknown; ${keys} keys with ${operations} operations checked, ${undecided} undecided`,
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}
