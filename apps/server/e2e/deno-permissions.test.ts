import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, pipelined } from './harness/client.js';
import { freePorts } from './harness/ports.js';
import { type Running, run, start, temporaryFolder } from './harness/program.js';
import { commandLine, serverPermissions } from './harness/runtimes.js';
import { statusAt } from './harness/status.js';
import { until } from './harness/until.js';

/** A question of the program to Deno, as `DENO_AUDIT_PERMISSIONS` writes it down; granted or not. */
interface Asked {
  readonly permission: string;
  readonly value: string | null;
}

/** Looked at by `ws`, and hidden from it. */
const HIDDEN = ['WS_NO_BUFFER_UTIL'];
const KEYS = 400;

describe('a server on Deno needs the published permissions, and no more', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let members: Member[];

  /** One of three servers, started with permissions of its own. */
  interface Member {
    readonly name: string;
    readonly data: string;
    readonly listen: string;
    readonly http: string;
    readonly audit: string;
    readonly net: readonly string[];
    readonly permissions: readonly string[];
    readonly flags: readonly string[];
  }
  const running = new Map<Member, Running>();

  beforeAll(async () => {
    folder = await temporaryFolder();
    const ports = await freePorts(6);
    const seeds = ports.slice(0, 3).map((port) => `ws://127.0.0.1:${port}`);
    members = await Promise.all(
      seeds.map(async (listen, place) => {
        const name = `node-${place + 1}`;
        const data = join(folder.path, name);
        // Whoever runs a server makes its folder: a server that makes it needs to read the one above.
        await mkdir(data);
        const http = `http://127.0.0.1:${ports[3 + place]}`;
        const net = [...seeds, http].map((address) => new URL(address).host);
        return {
          name,
          data,
          listen,
          http,
          audit: join(folder.path, `${name}.jsonl`),
          net,
          permissions: serverPermissions({ net, read: [data], write: [data] }),
          flags: [
            `--node-name=${name}`,
            `--data-folder=${data}`,
            `--listen=${listen}`,
            `--http=${http}`,
            `--seeds=${seeds.join(',')}`,
            '--num-groups=2',
            '--compaction-entries=50',
          ],
        };
      }),
    );
  });
  afterAll(async () => {
    await Promise.all([...running.values()].map(async (one) => await one.end('SIGKILL')));
    await folder?.[Symbol.asyncDispose]();
  });

  const member = (place: number): Member => {
    const found = members[place];
    if (found === undefined) throw new Error(`no member ${place}`);
    return found;
  };
  const serve = (one: Member): Running => {
    const started = start(['serve', ...one.flags], {
      on: commandLine('deno', one.permissions),
      env: { DENO_AUDIT_PERMISSIONS: one.audit },
    });
    running.set(one, started);
    return started;
  };
  const votersOf = async (one: Member): Promise<number[]> =>
    (await statusAt(one.http)).groups.map((group) => group.voters.length);
  const haveVoters = async (count: number): Promise<void> => {
    await until(
      `all groups have ${count} voters`,
      async () => (await votersOf(member(0))).every((voters) => voters === count),
      60_000,
      () => [...running.values()].some((one) => !one.isRunning),
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${[...running.values()].map((one) => one.stderr).join('\n')}`);
    });
  };

  test('it founds, joins, writes, compacts, sends a snapshot, stops and starts again', async () => {
    serve(member(0));
    serve(member(1));
    await haveVoters(2);
    {
      await using connected = await connect([member(0).listen]);
      await pipelined(KEYS, 64, async (place) => {
        await connected.client.put(`key/${place}`, String(place));
      });
    }
    const snapshots = await until('snapshots are on the disk', async () => {
      const names = await readdir(join(member(0).data, 'snapshots'));
      return names.some((name) => name.endsWith('.snapshot')) && names;
    });
    expect(snapshots.length).toBeGreaterThan(0);
    serve(member(2));
    await haveVoters(3);
    await until('the third got its keys as a snapshot', () =>
      [...running.values()].some((one) => one.stderr.includes('snapshot.sent')),
    );
    const ended = await running.get(member(0))?.end('SIGTERM');
    expect(ended).toMatchObject({ code: 0 });
    serve(member(0));
    await until('it serves again', async () => (await fetch(`${member(0).http}/readyz`)).status === 200);
    await using connected = await connect(members.map((one) => one.listen));
    expect(await connected.client.range({ prefix: 'key/' }, { countOnly: true })).toMatchObject({ count: KEYS });
    // What else a server is asked while it runs.
    for (const path of ['/livez', '/readyz?verbose', '/metrics', '/status']) {
      const response = await fetch(`${member(0).http}${path}`);
      expect(response.status, await response.text()).toBe(200);
    }
  });

  test('in all of that it asked for nothing that it was not given', async () => {
    for (const one of members) await running.get(one)?.end('SIGTERM');
    for (const { audit, data, net } of members) {
      const asked = (await readFile(audit, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Asked);
      const within: Readonly<Record<string, (value: string) => boolean>> = {
        net: (value) => net.includes(value),
        read: (value) => value === data || value.startsWith(`${data}/`),
        write: (value) => value === data || value.startsWith(`${data}/`),
        sys: (value) => value === 'statfs',
        // The listing shows what is allowed alone.
        env: (value) => value === 'null' || value.startsWith('FLOTILLA_') || HIDDEN.includes(value),
      };
      const beyond = asked.filter(({ permission, value }) => within[permission]?.(String(value)) !== true);
      expect(beyond).toEqual([]);
      for (const permission of Object.keys(within)) {
        expect(
          asked.some((question) => question.permission === permission),
          `${permission} is needed`,
        ).toBe(true);
      }
    }
    for (const { stderr } of running.values()) expect(stderr).not.toMatch(/NotCapable|Requires \w+ access/);
  });

  test.each(['net', 'read', 'write', 'sys'])(
    'without --allow-%s it says so at once, and touches nothing',
    async (name) => {
      await using other = await temporaryFolder();
      const data = join(other.path, 'data');
      await mkdir(data);
      const [listen, http] = await freePorts(2);
      const net = [`127.0.0.1:${listen}`, `127.0.0.1:${http}`];
      const permissions = serverPermissions({ net, read: [data], write: [data] });
      const less = permissions.filter((flag) => !flag.startsWith(`--allow-${name}`));
      expect(less).toHaveLength(permissions.length - 1);
      const flags = [
        `--data-folder=${data}`,
        `--listen=ws://${net[0]}`,
        `--seeds=ws://${net[0]}`,
        `--http=http://${net[1]}`,
      ];
      const ran = await run(['serve', ...flags], { on: commandLine('deno', less) });
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr.trimEnd().split('\n')).toEqual([
        `flotilla: InvalidConfig: Deno was started without permissions that this needs; add ${permissions.find((flag) => !less.includes(flag))} to "deno run"`,
      ]);
      expect(await readdir(data)).toEqual([]);
    },
  );

  test('without a word on variables it says so at once', async () => {
    for (const permissions of [['--allow-net'], ['--allow-net', '--allow-env=WS_NO_BUFFER_UTIL']]) {
      const ran = await run(['serve'], { on: commandLine('deno', permissions) });
      expect(ran).toMatchObject({ code: 2, stdout: '' });
      expect(ran.stderr).toContain('--allow-env=FLOTILLA_*');
      expect(ran.stderr, 'no stack').not.toMatch(/^\s+at /m);
    }
  });

  test('a data folder that is to be made needs the folder above it', async () => {
    await using other = await temporaryFolder();
    const data = join(other.path, 'data');
    const net = ['127.0.0.1:7101', '127.0.0.1:7201'];
    const permissions = serverPermissions({ net, read: [data], write: [data] });
    const ran = await run(['serve', `--data-folder=${data}`], { on: commandLine('deno', permissions) });
    expect(ran).toMatchObject({ code: 2, stderr: expect.stringContaining(`--allow-read=${other.path} `) });
    expect(await readdir(other.path)).toEqual(['state']);
  });
});
