import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import type { LocalNode } from './cluster-file.js';

/** How a server process ended. */
export interface ProcessEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** A server of the local cluster: started by us, or found running from an earlier start. */
export interface ServerProcess {
  readonly node: LocalNode;
  readonly pid: number;
  /** Found running: its end is seen by looking, and how it ended is not known. */
  readonly adopted: boolean;
  /** Settles once, when the process is gone. */
  readonly ended: Promise<ProcessEnd>;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
}

const LOOK_AT_ADOPTED_MS = 500;

/** Starts the server of `node`; what it logs is appended to `server.log` in its folder. */
export function startServer(node: LocalNode, program: string): ServerProcess {
  const log = openSync(join(node.folder, 'server.log'), 'a');
  // A session of its own: a Ctrl-C in the terminal reaches us alone, and we stop the servers in good order.
  const child = spawn(process.execPath, [program, 'serve', '--config', node.config], {
    stdio: ['ignore', log, log],
    detached: true,
  });
  closeSync(log);
  return {
    node,
    pid: child.pid ?? -1,
    adopted: false,
    ended: endOf(child),
    isRunning: () => child.exitCode === null && child.signalCode === null && child.pid !== undefined,
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: null, signal: null }));
  });
}

/** Takes over a server that an earlier start left running. */
export function adoptServer(node: LocalNode, pid: number): ServerProcess {
  const isRunning = (): boolean => isAlive(pid);
  const ended = new Promise<ProcessEnd>((resolve) => {
    const timer = setInterval(() => {
      if (isRunning()) return;
      clearInterval(timer);
      resolve({ code: null, signal: null });
    }, LOOK_AT_ADOPTED_MS);
  });
  return {
    node,
    pid,
    adopted: true,
    ended,
    isRunning,
    kill: (signal) => {
      if (isRunning()) process.kill(pid, signal);
    },
  };
}

/** Whether a process with this id exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
