import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright';
import { pagePrograms } from './bundle.js';

const USUAL = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const PAGE = '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>';
/** Without it timers of pages that nobody looks at are slowed down. */
const AWAKE = ['--disable-background-timer-throttling', '--disable-renderer-backgrounding'];

/** The browser that CHROMIUM names, else the first of the usual places. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'];
  return named === undefined || named === '' ? USUAL.find((path) => existsSync(path)) : named;
}

/** A page in a browser of its own, whose profile is a new folder on the disk: what such a page stores is really stored. */
export class ChromiumPage implements AsyncDisposable {
  readonly page: Page;
  /** The browser's version. */
  readonly version: string;
  readonly #context: BrowserContext;
  readonly #profile: string;
  readonly #server: Server;

  private constructor(page: Page, context: BrowserContext, profile: string, server: Server) {
    this.page = page;
    this.version = context.browser()?.version() ?? '?';
    this.#context = context;
    this.#profile = profile;
    this.#server = server;
  }

  /** Bundles the page from this app's folder, serves it on loopback, and opens it. */
  static async open(executablePath: string, app: string): Promise<ChromiumPage> {
    const server = await serve(await pagePrograms(app));
    const profile = await mkdtemp(join(tmpdir(), 'flotilla-bench-chromium-'));
    try {
      const context = await chromium.launchPersistentContext(profile, {
        executablePath,
        headless: true,
        args: ['--no-sandbox', ...AWAKE],
      });
      const page = await context.newPage();
      await page.goto(`http://localhost:${(server.address() as AddressInfo).port}/`);
      await page.waitForFunction('globalThis.benchPage !== undefined');
      return new ChromiumPage(page, context, profile, server);
    } catch (error) {
      server.close();
      await rm(profile, { recursive: true, force: true });
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#context.close();
    this.#server.close();
    this.#server.closeAllConnections();
    await rm(this.#profile, { recursive: true, force: true });
  }
}

async function serve(programs: ReadonlyMap<string, Uint8Array>): Promise<Server> {
  const server = createServer((request, response) => {
    const program = programs.get(request.url ?? '');
    response.setHeader('content-type', program === undefined ? 'text/html' : 'text/javascript');
    response.end(program ?? PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
