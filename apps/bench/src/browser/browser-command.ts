import { availableParallelism, loadavg, release } from 'node:os';
import { parseArgs } from 'node:util';
import type {
  BatchShape,
  BenchPage,
  ClusterFigures,
  ClusterPlan,
  StorageFigures,
  StoragePlan,
} from './browser-plan.js';
import { weighBundles } from './bundles.js';
import { ChromiumPage, findChromium } from './chromium.js';
import { bundleTable, clusterTable, storageTable } from './browser-tables.js';

/** How the command is called. */
export const BROWSER_USAGE: string = `bench browser [--groups 1,8,64] [--entries 1,16] [--outstanding 1,16] [--clients 1,16,64] [--seconds 0.3] [--runs 5]

In Chromium, its profile on this disk: durable batches a second of the browser's logs beside the same bytes without us (strict
IndexedDB transactions, flushed writes of a file); durable puts through a cluster of three workers in a page; and what is sent
to browsers weighs, against its budget. CHROMIUM names the browser.`;

interface Plans {
  readonly storage: StoragePlan;
  readonly cluster: ClusterPlan;
}

const VALUE_BYTES = 256;
const NUM_GROUPS = 8;

/** What the command needs of its process. */
export interface BrowserCommandEnvironment {
  readonly print: (line: string) => void;
  /** Folder of this app, from where page and bundles are built. */
  readonly app: string;
}

/** Measures storage, a cluster in a page and bundles, and prints a table of each. @returns 1 where a bundle is above its budget */
export async function runBrowser(words: readonly string[], { print, app }: BrowserCommandEnvironment): Promise<number> {
  const plans = plansOf(words);
  const executable = findChromium();
  if (executable === undefined) {
    print('Chromium is not measured: none was found; CHROMIUM=/path/to/it names one');
  } else {
    for (const line of await measureInChromium(executable, app, plans)) print(line);
  }
  const bundles = await weighBundles(app);
  for (const line of bundleTable(bundles)) print(line);
  return bundles.every(({ gzip, budget }) => gzip <= budget) ? 0 : 1;
}

async function measureInChromium(executable: string, app: string, { storage, cluster }: Plans): Promise<string[]> {
  await using browser = await ChromiumPage.open(executable, app);
  const head = `Chromium ${browser.version}, ${release()}, ${availableParallelism()} cores, load ${load()}`;
  const { page } = browser;
  const kept = await page.evaluate(
    (plan): Promise<readonly StorageFigures[]> =>
      (globalThis as unknown as { readonly benchPage: BenchPage }).benchPage.storage(plan),
    storage,
  );
  const put = await page.evaluate(
    (plan): Promise<readonly ClusterFigures[]> =>
      (globalThis as unknown as { readonly benchPage: BenchPage }).benchPage.cluster(plan),
    cluster,
  );
  return [head, ...storageTable(kept), '', ...clusterTable(put, kept), `load at the end ${load()}`, ''];
}

const load = (): string => loadavg()[0]?.toFixed(1) ?? '?';

function plansOf(words: readonly string[]): Plans {
  const { values } = parseArgs({
    args: [...words],
    options: {
      groups: { type: 'string', default: '1,8,64' },
      entries: { type: 'string', default: '1,16' },
      outstanding: { type: 'string', default: '1,16' },
      clients: { type: 'string', default: '1,16,64' },
      seconds: { type: 'string', default: '0.3' },
      runs: { type: 'string', default: '5' },
    },
  });
  const shapes = wholes('outstanding', values.outstanding).flatMap((outstanding) =>
    wholes('groups', values.groups).flatMap((groups) =>
      wholes('entries', values.entries).map((entries): BatchShape => ({ groups, entries, outstanding })),
    ),
  );
  const seconds = Number(values.seconds);
  if (!(seconds > 0)) throw new RangeError(`--seconds ${values.seconds}: a positive number is wanted`);
  const [runs = 1] = wholes('runs', values.runs);
  return {
    storage: { shapes, seconds, runs },
    cluster: {
      clients: wholes('clients', values.clients),
      valueBytes: VALUE_BYTES,
      numGroups: NUM_GROUPS,
      seconds: seconds * 4,
      runs,
    },
  };
}

function wholes(name: string, list: string): readonly number[] {
  const numbers = list.split(',').map(Number);
  if (!numbers.every((number) => Number.isSafeInteger(number) && number > 0)) {
    throw new RangeError(`--${name} ${list}: whole numbers from 1 on are wanted`);
  }
  return numbers;
}
