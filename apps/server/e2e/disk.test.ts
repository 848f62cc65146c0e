import { execFileSync } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type TestClient } from './harness/client.js';
import { CountingLoad } from './harness/counters.js';
import { flipBit, newestSegment, tearTail } from './harness/log-segment.js';
import { temporaryFolder } from './harness/program.js';
import { Servers, type TestServer } from './harness/servers.js';
import { until } from './harness/until.js';

const MIB = 1_048_576;

// Each test goes on with the cluster that the one before it left.
describe('bad disks', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let servers: Servers;
  let connected: TestClient;
  let small: string | undefined;

  beforeAll(async () => {
    folder = await temporaryFolder();
    small = await smallDisk(join(folder.path, 'small'), '64m');
    servers = await Servers.start(join(folder.path, 'cluster'), {
      groups: 2,
      perServer: (place) => (place === 3 && small !== undefined ? { dataFolder: join(small, 'data') } : {}),
    });
    connected = await connect(servers.endpoints);
    for (let place = 0; place < 200; place++) await connected.client.put(`before/${place}`, String(place));
  });
  afterAll(async () => {
    await connected?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    if (small !== undefined) execFileSync('umount', [small]);
    await folder?.[Symbol.asyncDispose]();
  });

  const server = (place: number): TestServer => {
    const found = servers.list[place];
    if (found === undefined) throw new Error(`no server ${place}`);
    return found;
  };

  test('a torn tail is what a crash leaves: the server starts, and nothing acknowledged is lost', async () => {
    await server(0).kill();
    const { path, batches, end } = await newestSegment(server(0).data);
    await tearTail(path, end, (batches.at(-1)?.sequence ?? 0) + 1);
    await server(0).start();
    await server(0).ready();
    await servers.caughtUp();
    expect(await connected.client.range({ prefix: 'before/' }, { countOnly: true })).toMatchObject({ count: 200 });
  });

  test('a flipped bit in a record of the log is corruption: the server refuses to start and names file and byte', async () => {
    await server(1).kill();
    const { path, batches } = await newestSegment(server(1).data);
    const batch = batches[Math.floor(batches.length / 2)] ?? { offset: 0, bytes: 0 };
    expect(batch.offset).toBeGreaterThan(0);
    await flipBit(path, batch.offset + 40);
    const { code, stderr } = await (await server(1).start()).ended;
    const said = stderr.trimEnd().split('\n').at(-1) ?? '';
    expect(said).toContain('StorageCorrupt');
    expect(said).toContain(path.slice(server(1).data.length + 1));
    const at = Number(/at byte (\d+)/.exec(said)?.[1]);
    expect(at).toBeGreaterThanOrEqual(batch.offset);
    expect(at).toBeLessThan(batch.offset + batch.bytes);
    expect(said, 'what to do').toMatch(/replace/);
    expect(stderr, 'no stack').not.toMatch(/^\s+at /m);
    expect(code).toBe(7);

    // The others go on; and since nothing was dropped, the bit turned back makes the disk good again.
    await connected.client.put('while/one/is/away', 'x');
    await flipBit(path, batch.offset + 40);
    await server(1).start();
    await server(1).ready();
    await servers.caughtUp();
  });

  test('a log that is gone under a catalog that knows it is corruption too', async () => {
    await server(1).kill();
    const log = join(server(1).data, 'log-0');
    await rename(log, `${log}.away`);
    const { code, stderr } = await (await server(1).start()).ended;
    expect(stderr).toContain('StorageCorrupt');
    expect(stderr).toContain('log-0');
    expect(code).toBe(7);
    await rm(log, { recursive: true, force: true });
    await rename(`${log}.away`, log);
    await server(1).start();
    await server(1).ready();
    await servers.caughtUp();
  });

  test('a full disk: it is said, the others go on, nothing is lost; with room again it catches up', async (context) => {
    if (small === undefined) {
      console.log('skipped: a small file system cannot be mounted here');
      context.skip();
      return;
    }
    const load = new CountingLoad(connected.client, 'full', 8);
    const filler = join(small, 'filler');
    // All room at once: what the log has preallocated is all it has left.
    await writeFile(filler, new Uint8Array(64 * MIB)).catch((error: NodeJS.ErrnoException) => {
      expect(error.code).toBe('ENOSPC');
    });
    const value = new Uint8Array(256 * 1024).fill(7);
    let written = 0;
    await until(
      'the server on the small disk says that it is full',
      async () => {
        for (let more = 0; more < 8; more++) await connected.client.put(`big/${written++ % 16}`, value);
        return /StorageFull|no space left/.test(server(2).running.stderr);
      },
      120_000,
    );
    const before = load.acknowledged;
    await until('the load goes on', () => load.acknowledged > before + 200);
    expect(load.errors).toEqual([]);
    await rm(filler);
    // It may have gone on by itself or ended: who finds it ended starts it again.
    if (!server(2).isRunning) {
      expect(await server(2).running.ended).toMatchObject({ code: 7 });
      await server(2).start();
    }
    await load.stop();
    await server(2).ready();
    await servers.caughtUp();
    await using fresh = await connect(servers.endpoints);
    expect(await load.problems(fresh.client)).toEqual([]);
  });
});

/** A file system in memory of a few megabytes; undefined where this user may not mount one. */
async function smallDisk(path: string, size: string): Promise<string | undefined> {
  await mkdir(path);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path], { stdio: 'ignore' });
    return path;
  } catch {
    // Not root, or not Linux: the full disk is then tested by the Files fault alone.
    return undefined;
  }
}
