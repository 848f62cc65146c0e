import { open } from 'node:fs/promises';
import type { ServerProcess } from '../processes/server-process.js';

/**
 * Why a process says that it ends: its disk was full, nobody let it join, it is no member any more. Any other line that is no
 * event was not meant to be there: a stack, a warning of Node, a crash.
 */
const PLAIN =
  /^flotilla serve: (StorageFull\b|StorageFailed\b|JoinExhausted\b|UnknownIncarnation: node \d+ was taken out)/;
/** Events that tell of a failure inside, whatever their level. */
const FAILURES: ReadonlySet<string> = new Set(['catalog.save_failed', 'epoch.persist_failed']);
/** A failure that is the doing of a disk without room. */
const FULL = /StorageFull|ENOSPC|no space left|EFBIG|file too large/i;

/** Lines that are shown of one server. */
const SHOWN = 10;

/** Reads the logs of the servers on from where it stopped, and names what should not be in them. */
export class ServerLogs {
  readonly #read = new Map<string, number>();
  lines = 0;

  /** Lines since the last call that no fault explains. */
  async problems(servers: readonly ServerProcess[]): Promise<string[]> {
    const found: string[] = [];
    for (const { name, log } of servers) {
      const bad = (await this.#next(log)).map(problemOf).filter((problem) => problem !== undefined);
      // The first ones tell what happened; the file has the others.
      found.push(...bad.slice(0, SHOWN).map((problem) => `${name} logged ${problem}`));
      if (bad.length > SHOWN) found.push(`${name} logged ${bad.length - SHOWN} more lines of this kind: ${log}`);
    }
    return found;
  }

  async #next(path: string): Promise<string[]> {
    let file;
    try {
      file = await open(path, 'r');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
    await using _ = file;
    const from = this.#read.get(path) ?? 0;
    const { size } = await file.stat();
    const bytes = Buffer.alloc(size - from);
    await file.read(bytes, 0, bytes.length, from);
    const end = bytes.lastIndexOf(10) + 1;
    this.#read.set(path, from + end);
    const lines = bytes
      .subarray(0, end)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
    this.lines += lines.length;
    return lines;
  }
}

/** Why a line should not be there; undefined: it may. */
export function problemOf(line: string): string | undefined {
  let event: Record<string, unknown>;
  try {
    event = JSON.parse(line) as Record<string, unknown>;
  } catch {
    // A process that was killed while it wrote leaves half a line, which the next life's first one ends.
    if (line.startsWith('{')) return undefined;
    return PLAIN.test(line) ? undefined : line;
  }
  const isFailure = event['level'] === 'error' || FAILURES.has(String(event['event'])) || isStopped(event);
  return isFailure && !FULL.test(line) ? line : undefined;
}

/** A group that stopped by a failure rather than because it was removed. */
function isStopped(event: Record<string, unknown>): boolean {
  return event['event'] === 'group.stopped';
}
