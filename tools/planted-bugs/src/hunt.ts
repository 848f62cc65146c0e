import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { SuiteReport, SuiteTask } from './suite/suite-report.js';

/** What came of a suite over one bundle. */
export type HuntResult =
  | {
      readonly kind: 'found';
      readonly part: string;
      readonly by: string;
      readonly seed: number;
      /** Seeds until then; 0 where seeds have no part in it. */
      readonly seeds: number;
      /** Processor time of the suite. */
      readonly seconds: number;
      readonly message: string;
    }
  /** Nothing was found. */
  | { readonly kind: 'clean'; readonly seeds: number; readonly seconds: number };

/** How long one seed may keep the process busy before it is taken for one that never ends (ms). */
const SEED_TIMEOUT_MS = 600_000;
/** What is kept of the text of a process that died (characters). */
const STDERR_MAX = 2_000;

/** Runs a bundled suite in a process of its own until it finds something, ends, or hangs. */
export function hunt(bundle: string, task: SuiteTask): Promise<HuntResult> {
  const child = spawn(process.execPath, ['--enable-source-maps', bundle, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Promise((resolve) => {
    let seed = 0;
    let part = '';
    let seeds = 0;
    let stderr = '';
    let timer: NodeJS.Timeout | undefined;
    const finish = (result: HuntResult): void => {
      clearTimeout(timer);
      child.kill('SIGKILL');
      resolve(result);
    };
    const found = (by: string, message: string, seconds = 0): void =>
      finish({ kind: 'found', part, by, seed, seeds, seconds, message });
    const rewind = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => found('does not end', `seed ${seed} keeps the process busy`), SEED_TIMEOUT_MS);
    };
    rewind();
    child.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-STDERR_MAX);
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.startsWith('{')) return;
      const report = JSON.parse(line) as SuiteReport;
      rewind();
      part = report.part;
      switch (report.kind) {
        case 'begun':
          seed = report.seed;
          seeds = report.seeds;
          return;
        case 'found':
          seed = report.seed;
          seeds = report.seeds;
          return found(report.by, report.message, report.cpuMs / 1000);
        case 'clean':
          return finish({ kind: 'clean', seeds: report.seeds, seconds: report.cpuMs / 1000 });
      }
    });
    // A bundle that ends without a word has crashed.
    child.on('close', (code) => found('process died', `exit code ${String(code)}: ${stderr}`));
  });
}
