import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type TestClient } from '../../server/e2e/harness/client.js';
import { temporaryFolder } from '../../server/e2e/harness/program.js';
import { Servers } from '../../server/e2e/harness/servers.js';
import { until } from '../../server/e2e/harness/until.js';
import { chromiumPath } from './chromium-path.js';
import { type PageServer, servePages } from './page-server.js';
import { PlainChromium, type Tab } from './plain-chromium.js';

const executablePath = chromiumPath();

describe.skipIf(executablePath === undefined)('pages in the background', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let pages: PageServer;
  let servers: Servers;
  let outside: TestClient;
  let browser: PlainChromium;
  let member: Tab;

  beforeAll(async () => {
    pages = await servePages();
    folder = await temporaryFolder();
    servers = await Servers.start(join(folder.path, 'cluster'), {
      groups: 2,
      settings: { allowedOrigins: [new URL(pages.url).origin] },
    });
    outside = await connect(servers.endpoints);
    browser = await PlainChromium.launch(executablePath ?? '');
    const query = new URLSearchParams({ servers: servers.endpoints.join(','), groups: '1,2' });
    member = await browser.open(`${pages.url}examples/member/?${query}`);
    await until('the node of the page serves', () =>
      member.evaluate<boolean>(`flotilla?.view?.lifecycle.phase === 'ready'`),
    );
  });

  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await outside?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
    pages?.[Symbol.dispose]();
  });

  const hasInCopy = async (key: string): Promise<void> => {
    const read = `flotilla.copy().then((copy) => copy.get('${key}', { consistency: 'stale' })).then((pair) => pair?.text())`;
    await until(`the copy has ${key}`, async () => (await member.evaluate(read)) === 'yes');
  };

  /** How often servers lost the page so far, all together. */
  const losses = async (): Promise<number> => {
    const texts = await Promise.all(servers.list.map(async (server) => (await server.get('/metrics')).text));
    const counts = texts.map((text) => /flotilla_events_total\{event="peer\.broken"\} (\d+)/.exec(text)?.[1] ?? '0');
    return counts.reduce((sum, count) => sum + Number(count), 0);
  };

  const connectedTo = async (): Promise<number> =>
    (await servers.statuses()).filter(({ peers }) => peers.some(({ id, connected }) => id === 4 && connected)).length;

  test('a member in a hidden tab stays connected and follows, although timers of the page come once a second', async () => {
    const lost = await losses();
    const other = await browser.open('about:blank');
    await until('the tab is hidden', () => member.evaluate<boolean>(`document.visibilityState === 'hidden'`));
    const slowed = `new Promise((told) => {
      let times = 0;
      const started = performance.now();
      const again = () => (++times === 4 ? told(performance.now() - started) : setTimeout(again, 10));
      setTimeout(again, 10);
    })`;
    expect(await member.evaluate<number>(slowed)).toBeGreaterThan(2_000);
    for (let at = 0; at < 5; at++) {
      await outside.client.put(`hidden/${at}`, 'yes');
      await hasInCopy(`hidden/${at}`);
    }
    expect(await member.evaluate<string>('document.visibilityState')).toBe('hidden');
    expect([await connectedTo(), await losses()]).toEqual([3, lost]);
    await member.show();
    await other.evaluate('close()').catch(() => undefined);
  });

  test('a member that is frozen is given up once, and is back at once when it is woken', async () => {
    const lost = await losses();
    const behind = await browser.open('about:blank');
    await member.freeze();
    await until('all servers gave it up', async () => (await connectedTo()) === 0);
    await outside.client.put('while-frozen', 'yes');
    expect(await losses()).toBe(lost + 3);
    await member.thaw();
    await member.show();
    await until('it is connected again', async () => (await connectedTo()) === 3, 5_000);
    await hasInCopy('while-frozen');
    expect(await losses()).toBe(lost + 3);
    await behind.evaluate('close()').catch(() => undefined);
  });

  test('a whole cluster in a page is hidden, frozen and woken: nobody is taken for dead, all leaders stay', async () => {
    const tab = await browser.open(pages.url);
    const behind = async (ms: number): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, ms));
    };
    // Group, role and term of every replica that the page shows.
    const replicas = (): Promise<string[]> =>
      tab.evaluate(`[...document.querySelectorAll('article tbody tr')].map(
        ({ cells }) => [...cells].slice(0, 3).map((cell) => cell.textContent).join(' '))`);
    // What one node shows may be older than what another does.
    const before = await until('every node leads a group, and all three show the same of each', async () => {
      const shown = await replicas();
      const terms = new Set(shown.map((row) => row.replace(/ (leader|follower) /, ' in term ')));
      const leaders = shown.filter((row) => row.includes('leader'));
      const isSpread = [0, 4, 8].every((first) =>
        shown.slice(first, first + 4).some((row) => /^[1-3] leader/.test(row)),
      );
      return shown.length === 12 && terms.size === 4 && leaders.length === 4 && isSpread && shown;
    });
    await browser.open('about:blank');
    await until('the tab is hidden', () => tab.evaluate<boolean>(`document.visibilityState === 'hidden'`));
    await behind(3_000);
    await tab.freeze();
    await behind(3_000);
    await tab.thaw();
    await behind(2_000);
    await tab.show();
    await tab.evaluate(`document.querySelector('form').requestSubmit()`);
    await until('a key is written', () =>
      tab.evaluate<boolean>(`document.querySelector('[data-testid=answer]').textContent.startsWith('written')`),
    );
    expect(await replicas()).toEqual(before);
  });
});
