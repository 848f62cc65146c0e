import { spawn } from 'node:child_process';
import type { HuntResult } from './hunt.js';

/** A layer of the crash points: see its README. */
export type CrashLayer = 'storage' | 'flips' | 'node';

/** Entry of the crash points, from the repository's root on. */
export const CRASH_POINTS_ENTRY = 'tools/crash-points/src/main.ts';

/** The part of the suite that crash points are, in tables. */
const PART = 'crash-points';
/** A quick run takes seconds; one that takes so long hangs (ms). */
const TIMEOUT_MS = 600_000;

/** Runs bundled crash points of one layer, a quick sample, in a process of their own. What is not recovered from is found. */
export function tryCrashPoints(bundle: string, layer: CrashLayer): Promise<HuntResult> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [bundle, '--quick', '--only', layer], { stdio: ['ignore', 'pipe', 'inherit'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      const seconds = (performance.now() - startedAt) / 1000;
      if (code === 0) return resolve({ kind: 'clean', seeds: 0, seconds });
      const message = text.trimEnd().split('\n').slice(-3).join('; ');
      resolve({ kind: 'found', part: PART, by: layer, seed: 0, seeds: 0, seconds, message });
    });
  });
}
