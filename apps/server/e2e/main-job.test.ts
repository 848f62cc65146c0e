import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isAlive } from '../src/dev/server-process.js';
import { DevCluster } from './harness/dev-cluster.js';
import { hasEnded, willEnd } from './harness/leftovers.js';
import { freePortRun, freePorts, occupy } from './harness/ports.js';
import { run, Running, temporaryFolder } from './harness/program.js';
import { repository } from './harness/runtimes.js';
import { statusAt } from './harness/status.js';
import { until } from './harness/until.js';

// Each test goes on with the cluster that the one before it left, as a person would.
describe('the main job: flotilla dev', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let basePort: number;
  let dev: DevCluster;
  let clusterId: string | null;
  beforeAll(async () => {
    folder = await temporaryFolder();
    basePort = await freePortRun(6);
  });
  afterAll(async () => {
    await dev?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const startDev = async (): Promise<void> => {
    dev = await DevCluster.start(folder.path, basePort);
  };
  /** What a person types in the same folder. */
  const flotilla = async (...args: string[]): Promise<string> => {
    const ran = await run(args, { cwd: folder.path });
    expect(ran, `${args.join(' ')}: ${ran.stderr}`).toMatchObject({ code: 0, stderr: '' });
    return ran.stdout;
  };

  test('starts three servers without a terminal and says where they are, who leads, and what to type next', async () => {
    await startDev();
    const statuses = await dev.statuses();
    expect(new Set(statuses.map((status) => status.clusterId)).size).toBe(1);
    clusterId = statuses[0]?.clusterId ?? null;
    const said = dev.running.stdout;
    for (const [place, node] of dev.file.nodes.entries()) {
      expect(node.listen).toBe(`ws://127.0.0.1:${basePort + place}`);
      expect(said).toMatch(new RegExp(`^${node.name}\\s+\\d+\\s+\\d+\\s+${node.listen}\\s+${node.http}$`, 'm'));
    }
    for (let group = 1; group <= 8; group++) {
      expect(said).toMatch(new RegExp(`^${group}\\s+node-[123]\\s+\\d+\\s+128(\\s+node-[123]){3}$`, 'm'));
    }
    expect(said).toMatch(/^0 \(metadata\)\s+node-[123]/m);
    expect(said).toContain('npx flotilla kv put greeting hello');
    expect(said, 'no colours where there is no terminal').not.toContain('\u001b');
    expect(dev.running.stderr).toBe('');
    // Standard input was at its end before the first server started.
    expect(dev.running.isRunning).toBe(true);
  });

  test('leadership is spread: data groups within one of even', async () => {
    const counts = await until('leaders are spread', async () => {
      const led = (await dev.statuses()).map(
        (status) => status.groups.filter((group) => group.group > 0 && group.role === 'leader').length,
      );
      return led.reduce((sum, count) => sum + count, 0) === 8 && Math.max(...led) - Math.min(...led) <= 1 && led;
    });
    expect(counts.toSorted()).toEqual([2, 3, 3]);
  });

  test('what it says to type next works as it stands', async () => {
    expect(await flotilla('kv', 'put', 'greeting', 'hello')).toMatch(/\S/);
    expect(await flotilla('kv', 'get', 'greeting')).toContain('hello');
    expect(await flotilla('status')).toContain('node-3');
    expect(await flotilla('groups')).toMatch(/\b8\b/);
    const status = JSON.parse(await flotilla('status', '--json')) as { readonly nodes: readonly unknown[] };
    const statuses = await dev.statuses();
    expect(status.nodes).toHaveLength(3);
    for (const { id, pid } of statuses) {
      expect(status.nodes).toContainEqual(expect.objectContaining({ id, pid, lifecycle: 'ready' }));
    }
  });

  test('a server that dies is reported with the command that starts it again, and that command brings it back', async () => {
    const victim = dev.file.nodes[1];
    const before = await statusAt(victim?.http ?? '');
    process.kill(before.pid, 'SIGKILL');
    const command = await until('the death is reported', () =>
      /^Start it again with: {2}(npx flotilla serve --config \S+)$/m.exec(dev.running.stdout)?.at(1),
    );
    expect(dev.running.stdout).toMatch(
      new RegExp(`^${victim?.name} \\(pid ${before.pid}\\) died by SIGKILL; the others go on`, 'm'),
    );
    expect(await flotilla('kv', 'get', 'greeting')).toContain('hello');
    const terminal = new Running('/bin/sh', ['-c', command], { cwd: repository });
    const status = await until('it is ready again', async () => {
      const now = await statusAt(victim?.http ?? '');
      return now.lifecycle === 'ready' && now;
    });
    willEnd(status.pid);
    expect(status).toMatchObject({ id: before.id, incarnation: before.incarnation, clusterId });
    await until('it is said to be back', () => dev.running.stdout.includes(`${victim?.name} is back`));
    // As Ctrl-C in that terminal.
    process.kill(status.pid, 'SIGINT');
    expect(await terminal.ended).toMatchObject({ code: 0 });
    hasEnded(status.pid);
  });

  test('an interrupt stops it cleanly: exit code 0, no process left', async () => {
    const pids = (await dev.statuses()).map((status) => status.pid);
    expect(pids.length).toBeGreaterThanOrEqual(2);
    expect(await dev.stop()).toMatchObject({ code: 0, stderr: '' });
    expect(dev.running.stdout).toContain('stopped; the data is kept');
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('run again with its ports taken, it says so, uses others, and has all its data', async () => {
    const held = await occupy([basePort, basePort + 1, basePort + 2, basePort + 4]);
    await startDev();
    for (const offset of [0, 1, 2, 4]) {
      expect(dev.running.stdout).toMatch(
        new RegExp(`^port ${basePort + offset} is taken: node-[123] uses \\d+ for`, 'm'),
      );
    }
    expect((await dev.statuses()).map((status) => status.clusterId)).toEqual([clusterId, clusterId, clusterId]);
    expect(await flotilla('kv', 'get', 'greeting')).toContain('hello');
    await flotilla('kv', 'put', 'greeting', 'hello again');
    await held[Symbol.asyncDispose]();
  });

  test('servers that a killed flotilla dev left running are taken over by the next one', async () => {
    const before = await dev.statuses();
    await dev.running.end('SIGKILL');
    await startDev();
    for (const { name, pid } of before) {
      expect(dev.running.stdout).toContain(`${name} is already running (pid ${pid}); taking it over`);
    }
    expect((await dev.statuses()).map((status) => status.pid)).toEqual(before.map((status) => status.pid));
    expect(await flotilla('kv', 'get', 'greeting')).toContain('hello again');
    expect(await dev.stop()).toMatchObject({ code: 0 });
    expect(before.filter(({ pid }) => isAlive(pid))).toEqual([]);
  });

  test('a cluster file that is damaged is named, with what to do', async () => {
    const [port] = await freePorts(1);
    await using other = await temporaryFolder();
    await mkdir(join(other.path, '.flotilla'));
    await writeFile(join(other.path, '.flotilla', 'local-cluster.json'), '{"version":1,"nodes":[{"name":"no');
    const ran = await run(['dev', '--base-port', String(port)], { cwd: other.path });
    expect(ran.code).toBe(2);
    expect(ran.stderr).toMatch(/local-cluster\.json is damaged; .* remove it/);
  });
});
