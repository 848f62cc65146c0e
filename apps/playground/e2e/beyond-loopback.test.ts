import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect, type TestClient } from '../../server/e2e/harness/client.js';
import { freePorts } from '../../server/e2e/harness/ports.js';
import { run, temporaryFolder } from '../../server/e2e/harness/program.js';
import { Servers } from '../../server/e2e/harness/servers.js';
import { until } from '../../server/e2e/harness/until.js';
import type { Member } from '../examples/member/member.js';
import { chromiumPath } from './chromium-path.js';
import { type PageServer, servePages } from './page-server.js';

declare const flotilla: Member;

const executablePath = chromiumPath();

// Each test goes on with what the one before it left.
describe.skipIf(executablePath === undefined)('pages that prove themselves to servers with certificates', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let profile: string;
  let pages: PageServer;
  let servers: Servers;
  let outside: TestClient;
  let context: BrowserContext;
  let webSocket: readonly string[];
  let webTransport: readonly string[];
  let hashes: readonly string[];

  const at = (name: string): string => join(folder.path, 'certificates', name);

  /** Makes a certificate with the program, as an operator does. */
  const certify = async (kind: 'ca' | 'node' | 'client', name: string, ...options: string[]): Promise<void> => {
    const { code, stderr } = await run(['cert', kind, '--out', at(name), ...options]);
    if (code !== 0) throw new Error(stderr);
  };

  const hashOf = async (name: string): Promise<string> => {
    const { stdout } = await run(['cert', 'show', join(at(name), 'cert.pem'), '--json']);
    const found = /"sha256":\s*"([0-9a-f]{64})"/.exec(stdout)?.[1];
    if (found === undefined) throw new Error(stdout);
    return found;
  };

  const pinOf = async (name: string): Promise<string> => {
    const { stdout } = await run(['cert', 'show', join(at(name), 'cert.pem'), '--json']);
    return /"spkiPin":\s*"([0-9a-f]{64})"/.exec(stdout)?.[1] ?? '';
  };

  const open = async (name: string, addresses: readonly string[]): Promise<Page> => {
    const query = new URLSearchParams({ name, servers: addresses.join(','), groups: '1', hashes: hashes.join(',') });
    const page = await context.newPage();
    await page.goto(`${pages.url}examples/member/?${query}`);
    return page;
  };

  /** Fills in a certificate and its key, as a visitor does; the page then begins anew. */
  const give = async (page: Page, certificate: string): Promise<void> => {
    await page.getByText('Certificate, for servers').click();
    await page
      .getByLabel('Certificate', { exact: true })
      .fill(await readFile(join(at(certificate), 'cert.pem'), 'utf8'));
    await page.getByLabel('Key of the certificate').fill(await readFile(join(at(certificate), 'key.pem'), 'utf8'));
    const reloaded = page.waitForEvent('load');
    await page.getByRole('button', { name: 'Keep it' }).click();
    await reloaded;
  };

  const shows = async (page: Page, text: string | RegExp): Promise<void> => {
    await page.getByTestId('phase').filter({ hasText: text }).waitFor({ timeout: 60_000 });
  };

  const clientError = (page: Page): Promise<string> =>
    page.evaluate(async () => {
      try {
        await flotilla.cluster();
        return 'connected';
      } catch (error) {
        return String(error);
      }
    });

  beforeAll(async () => {
    pages = await servePages();
    folder = await temporaryFolder();
    profile = await mkdtemp(join(tmpdir(), 'flotilla-proven-'));
    await certify('ca', 'ca');
    await certify('ca', 'other-ca');
    const numbers = [1, 2, 3];
    const hosts = ['--browser', '--host', '127.0.0.1', 'localhost'];
    for (const number of numbers) await certify('node', `server-${number}`, '--ca', at('ca'), ...hosts);
    await certify('node', 'page', '--ca', at('ca'), '--name', 'page');
    await certify('node', 'far-page', '--ca', at('ca'), '--name', 'far page');
    await certify('node', 'foreign', '--ca', at('other-ca'), '--name', 'foreign');
    await certify('client', 'person', '--ca', at('ca'));
    hashes = await Promise.all(numbers.map((number) => hashOf(`server-${number}`)));
    servers = await Servers.start(join(folder.path, 'cluster'), {
      groups: 2,
      settings: { allowedOrigins: [new URL(pages.url).origin], tlsCa: join(at('ca'), 'ca.pem') },
      perServer: (place) => ({
        tlsCert: join(at(`server-${place}`), 'cert.pem'),
        tlsKey: join(at(`server-${place}`), 'key.pem'),
      }),
    });
    const ports = await freePorts(6);
    webSocket = ports.slice(0, 3).map((port) => `wss://127.0.0.1:${port}`);
    webTransport = ports.slice(3).map((port) => `wt://127.0.0.1:${port}`);
    await Promise.all(servers.list.map(async (server) => await server.stop()));
    for (const [place, server] of servers.list.entries()) {
      await server.start({
        listenPages: [webSocket[place], `wt://0.0.0.0:${ports[place + 3]}`],
        advertise: [server.listen, webSocket[place], webTransport[place]],
      });
    }
    await servers.settled();
    const pem = async (name: string): Promise<string> => await readFile(join(at('person'), name), 'utf8');
    outside = await connect(servers.endpoints, {
      tls: { ca: await pem('ca.pem'), cert: await pem('cert.pem'), key: await pem('key.pem') },
    });
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executablePath ?? '',
      // As if the authority of the cluster were installed in this browser; what is dialled by its hash needs no such thing.
      args: ['--no-sandbox', '--ignore-certificate-errors'],
    });
  });

  afterAll(async () => {
    await context?.close();
    await outside?.[Symbol.asyncDispose]();
    await servers?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
    pages?.[Symbol.dispose]();
    if (profile !== undefined) await rm(profile, { recursive: true, force: true });
  });

  test('who proves nothing is not served, by WebSocket or by WebTransport, and is told why', async () => {
    for (const [name, addresses] of [
      ['nobody', webSocket],
      ['nobody-far', webTransport],
    ] as const) {
      const page = await open(name, addresses);
      await shows(page, /refused this node for good.*no certificate to prove it with/);
      expect(await clientError(page)).toContain('no certificate to prove it with');
      await page.close();
    }
    expect(await outside.client.admin.members.list()).toHaveLength(3);
  });

  test('by wss: with a certificate of the cluster a page is a member, and its key is on record', async () => {
    const page = await open('near', webSocket);
    await give(page, 'page');
    await shows(page, 'ready');
    await page.getByRole('button', { name: 'Put into the cluster' }).click();
    await page.getByTestId('answer').filter({ hasText: 'written' }).waitFor();
    expect((await outside.client.get('greeting'))?.text()).toBe('hello');
    const { stdout } = await run(['members', 'list', '--json', ...person()]);
    expect(stdout).toContain(await pinOf('page'));
    await page.reload();
    await shows(page, 'ready');
    expect(await page.evaluate(() => flotilla.view?.nodeId)).toBe(4);
  });

  const person = (): string[] => [
    `--tls-ca=${join(at('person'), 'ca.pem')}`,
    `--tls-cert=${join(at('person'), 'cert.pem')}`,
    `--tls-key=${join(at('person'), 'key.pem')}`,
    `--endpoints=${servers.endpoints.join(',')}`,
  ];

  test('by WebTransport and the hashes of the certificates another is, and goes on when a server is killed', async () => {
    const page = await open('far', webTransport);
    await give(page, 'far-page');
    await shows(page, 'ready');
    const put = (count: number, key: string): Promise<void> =>
      page.evaluate(
        async ([times, name]) => {
          const client = await flotilla.cluster();
          for (let done = 0; done < times; done++) await client.put(`${name}/${done}`, 'yes');
        },
        [count, key] as const,
      );
    await put(50, 'first');
    await servers.list[0]?.kill();
    await put(50, 'second');
    await until('the copy follows', () =>
      page.evaluate(async () => {
        const copy = await flotilla.copy();
        for (let done = 0; done < 50; done++) {
          // Keys of the group that this page keeps no copy of are not answered here.
          const read = copy.get(`second/${done}`, { consistency: 'stale', timeoutMs: 300 });
          if ((await read.catch(() => undefined)) !== undefined) return true;
        }
        return false;
      }),
    );
    await servers.list[0]?.start();
    await servers.list[0]?.ready();
    await page.close();
  });

  test('a certificate of another authority, and one of a client, make nobody a member', async () => {
    const foreign = await open('foreign', webSocket);
    await give(foreign, 'foreign');
    await shows(foreign, 'not believed here');
    expect(await clientError(foreign)).toContain('not believed here');
    const client = await open('client', webTransport);
    await give(client, 'person');
    await shows(client, "its certificate is not a node's");
    expect(await clientError(client)).toBe('connected');
    expect(await outside.client.admin.members.list()).toHaveLength(5);
  });
});
