import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from './harness/ports.js';
import { type Ran, run, start, temporaryFolder } from './harness/program.js';
import { Servers, TestServer } from './harness/servers.js';
import { until } from './harness/until.js';

/** What each refusal must be: said in one line on standard error, with nothing of the program's insides. */
function expectRefusal(ran: Ran, code: number, said: RegExp): void {
  expect(ran.stderr).toMatch(said);
  expect(ran.stderr, 'no stack').not.toMatch(/^\s+at /m);
  expect(ran).toMatchObject({ code, stdout: '' });
}

describe('a configuration that cannot be is refused', () => {
  /** What lay in the data folder when the process had ended. */
  const held = new WeakMap<Ran, readonly string[]>();
  const serve = async (flags: readonly string[], env: Record<string, string> = {}, file?: string): Promise<Ran> => {
    await using folder = await temporaryFolder();
    const config = join(folder.path, 'flotilla.json');
    const [port, http] = await freePorts(2);
    if (file !== undefined) await writeFile(config, file);
    const ran = await run(
      [
        'serve',
        '--listen',
        `ws://127.0.0.1:${port}`,
        '--http',
        `http://127.0.0.1:${http}`,
        ...(file === undefined ? [] : ['--config', config]),
        ...flags,
      ],
      { cwd: folder.path, env, deadlineMs: 20_000 },
    );
    if (ran.code === 2) held.set(ran, await readdir(join(folder.path, 'flotilla-data')).catch(() => []));
    return ran;
  };

  test.concurrent.each([
    [
      'an unknown flag',
      ['--election-timout-ms', '5'],
      /unknown option '--election-timout-ms'[\s\S]*--election-timeout-ms/,
    ],
    ['no number', ['--num-groups', 'eight'], /--num-groups must be a number, not "eight"/],
    ['a number out of bounds', ['--num-groups', '0'], /numGroups: .*0/],
    ['half a group', ['--num-groups', '2.5'], /numGroups: .*2\.5/],
    ['no address', ['--seeds', 'ws://'], /seeds?.*ws:/],
    ['an election timeout that heartbeats fill', ['--heartbeat-ms', '500'], /heartbeatMs: .*500.*election/],
    ['an unknown level', ['--log-level', 'loud'], /logLevel: "loud" is not one of debug, info, warn, error/],
    ['half of TLS', ['--tls-ca', 'ca.pem'], /tlsCa, tlsCert and tlsKey go together/],
    [
      'TLS files that are not there',
      ['--tls-ca', 'a', '--tls-cert', 'b', '--tls-key', 'c'],
      /tlsCa: the file a cannot be read/,
    ],
  ] satisfies [string, string[], RegExp][])('%s: %j', async (_, flags, said) => {
    const ran = await serve(flags);
    expectRefusal(ran, 2, said);
    expect(held.get(ran), 'no log was begun').not.toContain('log-0');
  });

  test.concurrent.each([
    ['a scheme that no transport has', ['--listen', 'tcp://127.0.0.1:7'], /tcp:\/\/127\.0\.0\.1:7/],
    ['an http address that is none', ['--http', 'nowhere'], /http: "nowhere" must be a URL/],
    [
      'plain off loopback',
      ['--listen', 'ws://0.0.0.0:0', '--advertise', 'ws://192.0.2.1:7'],
      /0\.0\.0\.0[\s\S]*(insecure|loopback|TLS|wss)/,
    ],
  ] satisfies [string, string[], RegExp][])('%s: %j', async (_, flags, said) => {
    expectRefusal(await serve(flags), 2, said);
  });

  test.concurrent('an unknown key of the file, with the nearest name', async () => {
    const ran = await serve([], {}, '{"elektionTimeoutMs": 500}');
    expectRefusal(
      ran,
      2,
      /unknown setting "elektionTimeoutMs" in .*flotilla\.json; did you mean "electionTimeoutMs"\?/,
    );
  });

  test.concurrent('a value of another kind in the file', async () => {
    expectRefusal(await serve([], {}, '{"numGroups": "8"}'), 2, /numGroups in .*flotilla\.json must be a number/);
  });

  test.concurrent('a file that is no JSON, or is not there', async () => {
    expectRefusal(await serve([], {}, '{"numGroups": 8'), 2, /flotilla\.json is no JSON/);
    expectRefusal(await serve(['--config', '/nowhere/at-all.json']), 2, /\/nowhere\/at-all\.json cannot be read/);
  });

  test.concurrent('an unknown variable, with the nearest name', async () => {
    const ran = await serve([], { FLOTILLA_NUM_GROUP: '8' });
    expectRefusal(
      ran,
      2,
      /unknown setting "FLOTILLA_NUM_GROUP" in the environment; did you mean "FLOTILLA_NUM_GROUPS"\?/,
    );
  });

  test.concurrent('flags win over variables, variables over the file, the file over defaults', async () => {
    const ran = await serve(
      ['--print-config', '--tick-ms', '40'],
      { FLOTILLA_TICK_MS: '30', FLOTILLA_HEARTBEAT_MS: '60' },
      '{"tickMs": 20, "heartbeatMs": 20, "electionTimeoutMs": 700}',
    );
    expect(ran).toMatchObject({ code: 0, stderr: '' });
    for (const line of [
      'tickMs = 40  (flag)',
      'heartbeatMs = 60  (environment)',
      'electionTimeoutMs = 700  (file)',
      'replicationFactor = 3  (default)',
    ]) {
      expect(ran.stdout.split('\n')).toContain(line);
    }
  });

  test.concurrent('a command that is none, with the nearest one', async () => {
    expectRefusal(await run(['sevre']), 2, /unknown command 'sevre'[\s\S]*serve/);
  });

  test.concurrent('no cluster to speak to', async () => {
    await using folder = await temporaryFolder();
    const ran = await run(['kv', 'get', 'x'], { cwd: folder.path });
    expectRefusal(ran, 2, /no cluster to speak to: .*flotilla dev.*--endpoints/);
  });

  test.concurrent('an endpoint that is no address', async () => {
    expectRefusal(await run(['status', '--endpoints', 'localhost']), 2, /"localhost" is no address/);
  });
});

describe('what the machine refuses', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: Servers;
  beforeAll(async () => {
    folder = await temporaryFolder();
    servers = await Servers.start(join(folder.path, 'cluster'), { count: 1, groups: 2 });
  });
  afterAll(async () => {
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const another = async (name: string, settings: Record<string, unknown>): Promise<Ran> => {
    const server = new TestServer(name, join(folder.path, name), await freePorts(2), { numGroups: 2 });
    const running = await server.start({ seeds: [server.listen], ...settings });
    return await running.ended;
  };

  test('a port for peers that is taken: AddressInUse', async () => {
    const listen = servers.list[0]?.listen;
    expectRefusal(
      await another('port-taken', { listen: [listen], seeds: [listen] }),
      4,
      new RegExp(`${listen}.*(taken|in use)`),
    );
  });

  test('a port for HTTP that is taken: AddressInUse', async () => {
    const http = servers.list[0]?.http;
    expectRefusal(
      await another('http-taken', { http }),
      4,
      new RegExp(`${http} is taken by another process; give another one with --http`),
    );
  });

  test('two processes on one data folder: StorageLocked, with the folder and the other’s pid', async () => {
    const first = servers.list[0];
    const ran = await another('locked', { dataFolder: first?.data });
    expectRefusal(ran, 7, new RegExp(`${first?.data}\\S* is in use by process ${first?.running.pid}\\.`));
    expect((await first?.status())?.lifecycle).toBe('ready');
  });

  test('no seeds and nothing to restart from: JoinNoSeeds, at once', async () => {
    expectRefusal(await another('no-seeds', { seeds: [] }), 2, /seeds/);
  });

  test('a data folder that cannot be made', async () => {
    const file = join(folder.path, 'a-file');
    await writeFile(file, '');
    expectRefusal(await another('no-folder', { dataFolder: join(file, 'data') }), 7, /a-file/);
  });

  test('seeds of which none answers: it tries as often as it was told, and says so', async () => {
    const [port] = await freePorts(1);
    // Smaller than its own address: so it must join, not found.
    const server = new TestServer('alone', join(folder.path, 'alone'), [(port ?? 0) + 1, (port ?? 0) + 2], {});
    const running = await server.start({
      seeds: [`ws://127.0.0.1:${port}`],
      joinRetryMaxAttempts: 2,
      joinRetryMaxBackoffMs: 20,
    });
    expectRefusal(await running.ended, 4, /join/i);
  });

  test('an interrupt while it still joins ends it cleanly', async () => {
    const [port, own, http] = await freePorts(3);
    const config = [
      '--seeds',
      `ws://127.0.0.1:${port}`,
      '--listen',
      `ws://127.0.0.1:${own}`,
      '--http',
      `http://127.0.0.1:${http}`,
    ];
    await using cwd = await temporaryFolder();
    const running = start(['serve', ...config], { cwd: cwd.path });
    await until(
      'it joins',
      () => running.stderr.includes('join.attempt_failed'),
      20_000,
      () => !running.isRunning,
    );
    expect(await running.end('SIGINT')).toMatchObject({ code: 0 });
  });
});
