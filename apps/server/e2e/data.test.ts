import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, pipelined, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { temporaryFolder } from './harness/program.js';
import { Servers } from './harness/servers.js';
import { leaderOf } from './harness/status.js';
import { until } from './harness/until.js';
import { wordList } from './harness/words.js';

const KEYS = 100_000;
const AT_ONCE = 1_024;
const ELECTION_TIMEOUT_MS = 500;

// Each test goes on with the cluster and the data that the one before it left.
describe('three servers with 100,000 keys', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: Servers;
  let connected: TestClient;
  const words = wordList(KEYS, 2_026);
  const valueOf = (place: number): string => `${place}:${words[KEYS - 1 - place]}`;

  beforeAll(async () => {
    folder = await temporaryFolder();
    servers = await Servers.start(join(folder.path, 'cluster'), {
      settings: { electionTimeoutMs: ELECTION_TIMEOUT_MS },
    });
    connected = await connect(servers.endpoints);
  });
  afterAll(async () => {
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  /** Compares everything that is stored under `word/` with what was written. */
  const expectAllWords = async (client: TestClient['client']): Promise<void> => {
    const missing = new Map(words.map((word, place) => [`word/${word}`, valueOf(place)]));
    for await (const pair of client.scan({ prefix: 'word/' })) {
      const key = pair.keyText();
      expect(pair.text(), key).toBe(missing.get(key));
      missing.delete(key);
    }
    expect(missing.size, `missing, such as ${[...missing.keys()].slice(0, 3).join(', ')}`).toBe(0);
  };

  test('all keys are loaded, pipelined, and read back', async () => {
    const { client } = connected;
    const begun = performance.now();
    const groups = new Set<number>();
    await pipelined(KEYS, AT_ONCE, async (place) => {
      groups.add((await client.put(`word/${words[place]}`, valueOf(place))).group);
    });
    const loaded = performance.now();
    await expectAllWords(client);
    const scanned = performance.now();
    await pipelined(KEYS, AT_ONCE, async (place) => {
      const pair = await client.get(`word/${words[place]}`);
      if (pair?.text() !== valueOf(place)) expect(pair?.text(), words[place]).toBe(valueOf(place));
    });
    const rate = (from: number, to: number): number => Math.round(KEYS / ((to - from) / 1_000));
    console.log(
      `${KEYS} keys: ${rate(begun, loaded)} puts/s, ${rate(loaded, scanned)} scanned/s, ${rate(scanned, performance.now())} gets/s`,
    );
    expect([...groups].toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(await client.range({ prefix: 'word/' }, { countOnly: true })).toMatchObject({ count: KEYS });
    await servers.caughtUp();
  });

  test('kill -9 the leader of the busiest group under load: nothing acknowledged is lost, service returns', async () => {
    const { client } = connected;
    const load = new CountingLoad(client, 'kill-leader', 256);
    const busy = new Map<number, number>();
    await load.next(({ group }) => {
      busy.set(group, (busy.get(group) ?? 0) + 1);
      return busy.size === 8 && load.acknowledged > 5_000;
    });
    const [busiest] = [...busy].toSorted(([, one], [, other]) => other - one)[0] ?? [0];
    const leader = leaderOf(await servers.statuses(), busiest)?.status;
    const victim = await servers.byId(leader?.id ?? 0);
    const led = leader?.groups.filter((group) => group.role === 'leader').map((group) => group.group) ?? [];
    expect(led).toContain(busiest);
    const others = servers.endpoints.filter((endpoint) => endpoint !== victim.listen);

    const killed = performance.now();
    await victim.kill();
    const back = await load.next(({ group, at }) => group === busiest && at > killed + 1);
    // Of a write that was begun afterwards: one that was on its way may just have been answered.
    const served = await load.next(({ group, begun }) => group === busiest && begun > killed);
    const outage = Math.max(back.at, served.at) - killed;
    console.log(
      `the leader of group ${busiest} killed: service after ${Math.round(outage)} ms, ` +
        `${(outage / ELECTION_TIMEOUT_MS).toFixed(2)} x the election timeout`,
    );
    expect(outage).toBeLessThan(20 * ELECTION_TIMEOUT_MS);
    const more = load.acknowledged + 5_000;
    await until('the load goes on', () => load.acknowledged > more);
    await load.stop();
    expect(load.errors, 'the client retries what is safe to retry').toEqual([]);
    expect(await load.problems(client)).toEqual([]);
    // Through the survivors alone, by a client that knew nothing before.
    await using fresh = await connect(others);
    expect(await load.problems(fresh.client)).toEqual([]);
    await expectAllWords(fresh.client);

    await victim.start();
    await victim.ready();
    const statuses = await servers.caughtUp();
    expect(statuses).toHaveLength(3);
    expect(statuses.flatMap((status) => status.groups.filter((group) => group.stopped !== null))).toEqual([]);
  });

  test('kill -9 all three at once under load: all that was acknowledged is there after the restart', async () => {
    const { client } = connected;
    const load = new CountingLoad(client, 'kill-all', 256);
    await until('there is load', () => load.acknowledged > 5_000);
    await Promise.all(servers.list.map(async (server) => await server.kill()));
    const started = performance.now();
    await Promise.all(servers.list.map(async (server) => await server.start()));
    await servers.settled();
    console.log(
      `all three killed: every group led again ${Math.round(performance.now() - started)} ms after the start`,
    );
    const more = load.acknowledged + 1_000;
    await until('the load goes on with the same client', () => load.acknowledged > more);
    await load.stop();
    expect(load.errors).toEqual([]);
    expect(await load.problems(client)).toEqual([]);
    await using fresh = await connect(servers.endpoints);
    await expectAllWords(fresh.client);
    expect((await servers.caughtUp()).length).toBe(3);
  });

  test('stopped in good order, each server ends with exit code 0', async () => {
    await connected[Symbol.asyncDispose]();
    for (const server of servers.list) expect(await server.stop()).toMatchObject({ code: 0 });
  });
});
