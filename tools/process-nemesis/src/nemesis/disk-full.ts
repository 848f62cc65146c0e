import { open } from 'node:fs/promises';
import type { ServerProcess } from '../processes/server-process.js';
import { sleep, until } from '../processes/until.js';
import type { Nemesis } from './nemesis.js';
import { leaderOfSome, membersUp } from './victims.js';

/** How the server says that a write was refused for want of room. */
const SAID = /StorageFull|storage\.full|ENOSPC|no space left|EFBIG|file too large/i;
/** Until it must have met its full disk, in ms. */
const MEET_MS = 60_000;

/** The disk of a member is full, for as long as it takes the server to meet it and some more; then there is room again. */
export const diskFull: Nemesis = async ({ fleet, operator, electionTimeoutMs, fillLogs, signal }, random) => {
  const members = membersUp(fleet, operator);
  if (members.length === 0) return undefined;
  const leader = await leaderOfSome(fleet, random);
  const server = members.find((one) => one.place === leader && random.chance(0.5)) ?? random.pick(members);
  const { pid } = server;
  if (pid === undefined) return undefined;
  const saidBefore = await sizeOf(server);
  server.tolerateEnd();
  const filling = new AbortController();
  const writing = fillLogs(filling.signal);
  try {
    await server.disk.fill(pid);
    const met = async (): Promise<boolean> => !server.isRunning || SAID.test(await saidSince(server, saidBefore));
    await until('the server meets its full disk', met, MEET_MS).catch(() => undefined);
    const isMet = await met();
    filling.abort();
    await writing;
    await sleep(random.integer(0, 4 * electionTimeoutMs), signal);
    return isMet ? (server.disk.kind === 'file-system' ? 'file system' : 'file size limit') : undefined;
  } finally {
    filling.abort();
    await server.disk.free(server.pid);
    // With room again it goes on by itself, or it has ended and is started: both are good.
    await sleep(electionTimeoutMs, signal);
    server.start(operator.seeds);
    server.expectLife();
  }
};

async function sizeOf(server: ServerProcess): Promise<number> {
  await using file = await open(server.log, 'r');
  return (await file.stat()).size;
}

async function saidSince(server: ServerProcess, from: number): Promise<string> {
  await using file = await open(server.log, 'r');
  const { size } = await file.stat();
  const bytes = new Uint8Array(Math.max(0, size - from));
  await file.read(bytes, 0, bytes.length, from);
  return new TextDecoder().decode(bytes);
}
