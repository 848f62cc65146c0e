import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from './harness/program.js';
import { parsePrometheus } from './harness/prometheus.js';
import { Servers } from './harness/servers.js';
import { until } from './harness/until.js';

describe('HTTP of every server', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: Servers;
  beforeAll(async () => {
    folder = await temporaryFolder();
    servers = await Servers.start(folder.path);
  });
  afterAll(async () => {
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  test('/livez and /readyz say ok; ?verbose names each check', async () => {
    for (const server of servers.list) {
      expect(await server.get('/livez')).toMatchObject({ status: 200, text: 'ok\n' });
      expect(await server.get('/readyz')).toMatchObject({ status: 200, text: 'ok\n' });
      const { status, text } = await server.get('/readyz?verbose');
      expect(status).toBe(200);
      const lines = text.trimEnd().split('\n');
      expect(lines.pop()).toBe('ready');
      const names = lines.map((line) => /^\[\+\] ([a-z_-]+) ok: ./.exec(line)?.[1]);
      expect(names).toEqual(expect.arrayContaining(['lifecycle', 'storage', 'metadata', 'groups', 'leaders']));
      expect(new Set(names).size).toBe(lines.length);
    }
  });

  test('/status is JSON of the node’s own view', async () => {
    const statuses = await servers.statuses();
    expect(statuses.map((status) => status.id).toSorted()).toEqual([1, 2, 3]);
    expect(new Set(statuses.map((status) => status.clusterId)).size).toBe(1);
    for (const [place, status] of statuses.entries()) {
      const server = servers.list[place];
      expect(status).toMatchObject({
        name: server?.name,
        pid: server?.running.pid,
        http: server?.http,
        dataFolder: server?.data,
        addresses: [server?.listen],
        lifecycle: 'ready',
      });
      expect(status.clusterId).toMatch(/^[0-9a-f]{32}$/);
      expect(status.groups.map((group) => group.group)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
      expect(status.groups.reduce((sum, group) => sum + group.vshardCount, 0)).toBe(1024);
    }
    expect((await servers.list[0]?.get('/status'))?.type).toBe('application/json');
  });

  test('/metrics is Prometheus text with sane names and bounded labels', async () => {
    const { status, type, text } = (await servers.list[0]?.get('/metrics')) ?? {};
    expect(status).toBe(200);
    expect(type).toMatch(/^text\/plain;.*version=0\.0\.4/);
    const families = parsePrometheus(text ?? '');
    expect(families.size).toBeGreaterThan(30);
    for (const { name, type: kind, help, samples } of families.values()) {
      expect(name).toMatch(/^flotilla_(?!flotilla_)[a-z0-9_]+$/);
      expect(help.length, name).toBeGreaterThan(5);
      expect(kind === 'counter', `${name}: counters, and they alone, end in _total`).toBe(name.endsWith('_total'));
      expect(name, 'base units').not.toMatch(/_(ms|milliseconds|kb|mb|kilobytes|megabytes)(_|$)/);
      const series = samples.map((sample) => JSON.stringify([sample.name, sample.labels]));
      expect(new Set(series).size, `${name}: no series twice`).toBe(series.length);
      expect(series.length, `${name}: few series`).toBeLessThan(64);
      for (const { labels } of samples) {
        for (const [label, value] of Object.entries(labels)) {
          expect(label).toMatch(/^[a-z][a-z_]*$/);
          expect(value, `${name}: no address, path or text of an error as a label`).not.toMatch(/:\/\/|\/|\s/);
        }
      }
    }
    const lifecycle = families.get('flotilla_node_lifecycle')?.samples ?? [];
    expect(lifecycle.filter((sample) => sample.value === 1).map((sample) => sample.labels['phase'])).toEqual(['ready']);
    expect(lifecycle.filter((sample) => sample.value === 0)).toHaveLength(lifecycle.length - 1);
  });

  test('counters only grow', async () => {
    const counters = async (): Promise<Map<string, number>> => {
      const families = parsePrometheus((await servers.list[0]?.get('/metrics'))?.text ?? '');
      return new Map(
        [...families.values()]
          .filter((family) => family.type === 'counter')
          .flatMap((family) =>
            family.samples.map(
              (sample) => [sample.name + JSON.stringify(sample.labels), sample.value] satisfies [string, number],
            ),
          ),
      );
    };
    const before = await counters();
    const sent = 'flotilla_raft_loop_iterations_total{"worker":"0"}';
    const after = await until('the loop turned', async () => {
      const now = await counters();
      return (now.get(sent) ?? 0) > (before.get(sent) ?? Infinity) && now;
    });
    for (const [series, value] of before) expect(after.get(series), series).toBeGreaterThanOrEqual(value);
  });

  test('other paths and methods are refused with what there is', async () => {
    const server = servers.list[0];
    expect(await server?.get('/nothing')).toMatchObject({
      status: 404,
      text: expect.stringContaining('/readyz?verbose'),
    });
    const posted = await fetch(`${server?.http}/status`, { method: 'POST', body: 'x' });
    expect(posted.status).toBe(405);
    expect(posted.headers.get('allow')).toBe('GET, HEAD');
    await posted.text();
    const head = await fetch(`${server?.http}/metrics`, { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
  });

  test('without a quorum a server is alive, not ready, and its status says that there is no leader', async () => {
    const [last, ...others] = servers.list;
    for (const server of others) await server.kill();
    const text = await until('it is not ready', async () => {
      const answer = await last?.get('/readyz?verbose');
      return answer?.status === 503 && answer.text;
    });
    expect(text).toMatch(/^\[-\] leaders failed: ./m);
    expect(text).toMatch(/^\[\+\] storage ok/m);
    expect(text.trimEnd().split('\n').pop()).toBe('not ready');
    expect(await last?.get('/livez')).toMatchObject({ status: 200 });
    const status = await until('no group has a leader', async () => {
      const now = await last?.status();
      return now?.groups.every((group) => group.leader === 0 && group.role !== 'leader') && now;
    });
    expect(status.lifecycle).toBe('ready');
    expect(status.peers.map((peer) => peer.connected)).toEqual([false, false]);
    for (const server of others) await server.start();
    await servers.settled();
    await until('it is ready again', async () => (await last?.get('/readyz'))?.status === 200);
  });
});
