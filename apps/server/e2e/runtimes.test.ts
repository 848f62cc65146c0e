import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, pipelined } from './harness/client.js';
import { freePorts } from './harness/ports.js';
import { temporaryFolder } from './harness/program.js';
import { TestServer } from './harness/servers.js';

// Each test goes on with the data folder that the one before it left.
describe('one data folder, now under Node, now under Deno', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let onNode: TestServer;
  let onDeno: TestServer;
  beforeAll(async () => {
    folder = await temporaryFolder();
    const place = join(folder.path, 'node-1');
    const ports = await freePorts(2);
    const settings = { numGroups: 2, compactionEntries: 50, seeds: [`ws://127.0.0.1:${ports[0]}`] };
    onNode = new TestServer('node-1', place, ports, settings, 'node');
    onDeno = new TestServer('node-1', place, ports, settings, 'deno');
  });
  afterAll(async () => {
    for (const server of [onNode, onDeno]) if (server.isRunning) await server.kill();
    await folder?.[Symbol.asyncDispose]();
  });

  const write = async (name: string, count: number): Promise<void> => {
    await using connected = await connect([onNode.listen]);
    await pipelined(count, 32, async (place) => {
      await connected.client.put(`${name}/${place}`, String(place));
    });
  };
  const count = async (name: string): Promise<number> => {
    await using connected = await connect([onNode.listen]);
    return (await connected.client.range({ prefix: `${name}/` }, { countOnly: true })).count;
  };

  test('what a server on Node wrote, log and snapshots, one on Deno goes on with', async () => {
    await onNode.start();
    await onNode.ready();
    const { id, clusterId, incarnation } = await onNode.status();
    await write('on-node', 150);
    expect(await onNode.stop()).toMatchObject({ code: 0 });
    await onDeno.start();
    await onDeno.ready();
    expect(await onDeno.status()).toMatchObject({ id, clusterId, incarnation });
    expect(await count('on-node')).toBe(150);
  });

  test('while one holds it the other is refused, and told who does', async () => {
    const refused = await (await onNode.start()).ended;
    expect(refused).toMatchObject({ code: 7 });
    expect(refused.stderr).toMatch(new RegExp(`StorageLocked: .*in use by process ${onDeno.running.pid}\\.`));
    await write('on-deno', 150);
    await onDeno.kill();
    await onNode.start();
    await onNode.ready();
    const vice = await (await onDeno.start()).ended;
    expect(vice).toMatchObject({ code: 7 });
    expect(vice.stderr).toMatch(new RegExp(`StorageLocked: .*in use by process ${onNode.running.pid}\\.`));
  });

  test('what one on Deno had acknowledged when it was killed, one on Node has', async () => {
    expect(await count('on-deno')).toBe(150);
    expect(await count('on-node')).toBe(150);
    expect(await onNode.stop()).toMatchObject({ code: 0 });
  });
});
