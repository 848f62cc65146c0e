import { readFile } from 'node:fs/promises';
import type { Fleet } from '../processes/fleet.js';
import type { ServerProcess } from '../processes/server-process.js';
import { sleep, until } from '../processes/until.js';
import type { Nemesis } from './nemesis.js';
import { leaderOfSome, membersUp } from './victims.js';

/** How the server says that a write was refused for want of room. */
const SAID = /StorageFull|storage\.full|ENOSPC|no space left|EFBIG|file too large/i;
/** Until a server that met a full disk has ended or is well again, in ms. */
const END_MS = 20_000;
/** Until it must have met its full disk, in ms. */
const MEET_MS = 60_000;

/** The disk of a member is full, for as long as it takes the server to meet it and some more; then there is room again. */
export const diskFull: Nemesis = async ({ fleet, operator, electionTimeoutMs, fillLogs, signal }, random) => {
  const reports = await fleet.reports();
  const heldBy = (server: ServerProcess): number => reports.get(server.place)?.groups.length ?? 0;
  const up = membersUp(fleet, operator);
  const most = Math.max(...up.map(heldBy));
  // A member of few groups writes little: it might not meet its full disk at all.
  const members = up.filter((server) => heldBy(server) === most);
  if (members.length === 0) return undefined;
  const leader = await leaderOfSome(fleet, random);
  const server = members.find((one) => one.place === leader && random.chance(0.5)) ?? random.pick(members);
  const { pid } = server;
  if (pid === undefined) return undefined;
  const before = await sizes(fleet);
  server.tolerateEnd();
  const filling = new AbortController();
  const writing = fillLogs(filling.signal);
  try {
    await server.disk.fill(pid);
    const met = async (): Promise<boolean> => !server.isRunning || (await hasSaid(fleet, server, before));
    await until('the server meets its full disk', met, MEET_MS).catch(() => undefined);
    const isMet = await met();
    filling.abort();
    await writing;
    await sleep(random.integer(0, 4 * electionTimeoutMs), signal);
    return isMet ? (server.disk.kind === 'file-system' ? 'file system' : 'file size limit') : undefined;
  } finally {
    filling.abort();
    await server.disk.free(server.pid);
    // With room again it goes on by itself, or it ends and is started again: both are good.
    await until('the server has ended or is well', () => hasChosen(server), END_MS).catch(() => undefined);
    server.expectLife();
    server.start(operator.seeds);
  }
};

/** Whether a server is gone, or says that it serves. */
async function hasChosen(server: ServerProcess): Promise<boolean> {
  return !server.isRunning || (await server.report()).lifecycle === 'ready';
}

/** Sizes of all logs, in the order of places. */
async function sizes(fleet: Fleet): Promise<number[]> {
  return await Promise.all(fleet.places.map(async ({ log }) => (await read(log, 0)).length));
}

/** Whether a log grew by a refusal of this member's disk: its own, or that of a peer that sent it a snapshot. */
async function hasSaid(fleet: Fleet, server: ServerProcess, before: readonly number[]): Promise<boolean> {
  for (const { place, log } of fleet.places) {
    const lines = new TextDecoder().decode(await read(log, before[place] ?? 0)).split('\n');
    const isOwn = place === server.place;
    if (lines.some((line) => SAID.test(line) && (isOwn || line.includes(server.disk.data)))) return true;
  }
  return false;
}

/** A file from some byte on; nothing where there is none. */
async function read(path: string, from: number): Promise<Uint8Array> {
  return (await readFile(path).catch(() => Buffer.alloc(0))).subarray(from);
}
