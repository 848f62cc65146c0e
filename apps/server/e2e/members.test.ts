import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { MemberReport } from '@flotilla/client';
import { connect, pipelined, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { run, temporaryFolder } from './harness/program.js';
import { Servers, type TestServer } from './harness/servers.js';
import { leaderOf } from './harness/status.js';
import { until } from './harness/until.js';

const GROUPS = 8;

// Each test goes on with the cluster that the one before it left.
describe('the nodes of a cluster change under load', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: Servers;
  let connected: TestClient;
  let load: CountingLoad;
  let wiped: TestServer;
  let wipedId: number;

  beforeAll(async () => {
    folder = await temporaryFolder();
    servers = await Servers.start(join(folder.path, 'cluster'), { groups: GROUPS });
    connected = await connect(servers.endpoints);
    await pipelined(2_000, 256, async (place) => {
      await connected.client.put(`before/${place}`, String(place));
    });
    load = new CountingLoad(connected.client, 'members', 16);
  });
  afterAll(async () => {
    await load?.stop();
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  /** What a person types, whichever server is asked. */
  const flotilla = async (...args: string[]): Promise<string> => {
    const endpoints = servers.up.map((server) => server.listen).join(',');
    const ran = await run([...args, '--endpoints', endpoints], { deadlineMs: 120_000 });
    expect(ran, `${args.join(' ')}: ${ran.stderr}`).toMatchObject({ code: 0 });
    return ran.stdout;
  };

  const listed = async (): Promise<MemberReport[]> =>
    JSON.parse(await flotilla('members', 'list', '--json')) as MemberReport[];

  const loadGoesOn = async (): Promise<void> => {
    const more = load.acknowledged + 200;
    await until('the load goes on', () => load.acknowledged > more);
    expect(load.errors).toEqual([]);
  };

  test('a server whose disk was wiped is refused under its old identity, and says what to do', async () => {
    const statuses = await servers.statuses();
    // One that leads something, so that its loss is felt.
    wipedId = leaderOf(statuses, 1)?.status.id ?? 0;
    wiped = await servers.byId(wipedId);
    await wiped.kill();
    await rm(wiped.data, { recursive: true });
    const { code, stderr } = await (await wiped.start({ nodeId: wipedId })).ended;
    const said = stderr.trimEnd().split('\n').at(-1);
    expect(said).toMatch(new RegExp(`^flotilla serve: UnknownIncarnation: .*node ${wipedId} .*disk.*must not vote`));
    expect(said).toContain('members replace');
    expect(stderr, 'no stack').not.toMatch(/^\s+at /m);
    expect(code).toBe(6);
    await loadGoesOn();
  });

  test('without an identity it founds no second cluster: it joins as a new node, and members replace makes the change', async () => {
    await wiped.start({ nodeId: undefined });
    await wiped.ready();
    const { id, clusterId } = await wiped.status();
    expect(id).toBeGreaterThan(3);
    expect(clusterId).toBe(connected.client.clusterId);
    await flotilla('members', 'replace', String(wipedId), String(id));
    const statuses = await servers.settled();
    for (let group = 0; group <= GROUPS; group++) {
      const voters = leaderOf(statuses, group)?.view.voters;
      expect(voters, `group ${group}`).toHaveLength(3);
      expect(voters, `group ${group}`).not.toContain(wipedId);
      expect(voters, `group ${group}`).toContain(id);
    }
    const gone = (await listed()).find((member) => member.id === wipedId);
    expect(gone === undefined || (gone.state === 'decommissioned' && gone.voterOf.length === 0)).toBe(true);
    await loadGoesOn();
  });

  test('two more servers join under load: data groups keep exactly three voters, group 0 gets five', async () => {
    const counts = new Set<number>();
    let isWatching = true;
    const watching = (async (): Promise<void> => {
      while (isWatching) {
        const statuses = await servers.statuses();
        for (let group = 1; group <= GROUPS; group++) {
          const leader = leaderOf(statuses, group);
          if (leader !== undefined) counts.add(leader.view.voters.length);
        }
        await loadGoesOn();
      }
    })();
    const added = JSON.parse(await flotilla('members', 'add', '--json')) as { nodeId: number; seeds: string[] };
    const reserved = await servers.prepare('node-5');
    await reserved.start({ nodeId: added.nodeId, seeds: added.seeds });
    const unreserved = await servers.prepare('node-6');
    await unreserved.start({ seeds: servers.up.map((one) => one.listen) });
    await until('group 0 has five voters', async () => {
      const statuses = await servers.statuses();
      return statuses.length === 5 && leaderOf(statuses, 0)?.view.voters.length === 5;
    });
    await servers.settled();
    expect((await reserved.status()).id).toBe(added.nodeId);
    isWatching = false;
    await watching;
    expect([...counts], 'never more or fewer').toEqual([3]);
    expect((await listed()).filter((member) => member.state === 'active')).toHaveLength(5);
  });

  test('leadership is handed over on request', async () => {
    const before = leaderOf(await servers.statuses(), 1);
    const to = before?.view.voters.find((id) => id !== before.status.id) ?? 0;
    await flotilla('transfer', '1', String(to));
    await until('it leads', async () => leaderOf(await servers.statuses(), 1)?.status.id === to);
  });

  test.each([
    ['transfer', '99', '1'],
    ['transfer', '1', '99'],
    ['members', 'remove', 'nobody'],
  ])('what is not there is not waited for: %s %s %s', async (...args) => {
    const ran = await run([...args, `--endpoints=${servers.up.map((one) => one.listen).join(',')}`]);
    expect(ran).toMatchObject({ code: 3, stdout: '' });
    expect(ran.stderr).toMatch(/^flotilla: there is no (group 99|node "99"|node "nobody"); there are .*\n$/);
  });

  test('no acknowledged write was lost, none was applied twice', async () => {
    await loadGoesOn();
    await load.stop();
    await using fresh = await connect(servers.up.map((server) => server.listen));
    expect(await load.problems(fresh.client)).toEqual([]);
    expect(await fresh.client.range({ prefix: 'before/' }, { countOnly: true })).toMatchObject({ count: 2_000 });
    await servers.caughtUp();
  });
});
