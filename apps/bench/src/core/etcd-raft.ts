import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CoreShape } from './core-shape.js';
import { GO_MOD, GO_PROGRAM } from './etcd-raft-program.js';
import { peerWords } from './parse-shape.js';

const BUILD_TIMEOUT_MS = 300_000;

/** Why the peer cannot be measured here. */
export interface Unmeasured {
  readonly isMeasured: false;
  readonly reason: string;
}

/** A built peer. Disposing removes it. */
export interface EtcdRaft extends Disposable {
  readonly isMeasured: true;
  /** Entries for each second of CPU time, one figure a run. */
  measure(shape: CoreShape): readonly number[];
}

/** Builds a small program around etcd/raft in a temporary folder, where there is Go to build it with. */
export function buildEtcdRaft(): EtcdRaft | Unmeasured {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
  } catch {
    return { isMeasured: false, reason: 'no go' };
  }
  const folder = mkdtempSync(join(tmpdir(), 'flotilla-etcd-raft-'));
  const program = join(folder, 'core');
  try {
    writeFileSync(join(folder, 'go.mod'), GO_MOD);
    writeFileSync(join(folder, 'main.go'), GO_PROGRAM);
    execFileSync('go', ['build', '-mod=mod', '-o', program, '.'], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: BUILD_TIMEOUT_MS,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    return { isMeasured: false, reason: `go cannot build it: ${lastLineOf(error)}` };
  }
  return {
    isMeasured: true,
    measure: (shape) => {
      // One processor, as our core has: the garbage collector's time is counted in either.
      const env = { ...process.env, GOMAXPROCS: '1' };
      const output = execFileSync(program, peerWords(shape), { env, encoding: 'utf8' });
      return JSON.parse(output) as readonly number[];
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function lastLineOf(error: unknown): string {
  const stderr = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
  return stderr.trim().split('\n').at(-1) ?? '';
}
