import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium, type Locator, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath } from './chromium-path.js';
import { type PageServer, servePages } from './page-server.js';

const executablePath = chromiumPath();

/** What must come true does so within this, on a machine that does other things too (ms). */
const DEADLINE_MS = 90_000;

let pages: PageServer;
let profile: string;
let context: BrowserContext;
let page: Page;
const mistakes: string[] = [];

const node = (name: string): Locator => page.getByTestId(`node-${name}`);
const button = (name: string, label: string): Locator => node(name).getByRole('button', { name: label });

async function shows(locator: Locator, text: string | RegExp): Promise<void> {
  await locator.filter({ hasText: text }).first().waitFor({ timeout: DEADLINE_MS });
}

async function allReady(): Promise<void> {
  await shows(page.getByTestId('sum'), '3 of 3 nodes ready');
}

async function put(key: string, value: string): Promise<void> {
  await page.getByLabel('Key', { exact: true }).fill(key);
  await page.getByLabel('Value', { exact: true }).fill(value);
  await page.getByRole('button', { name: 'Put' }).click();
  await shows(page.getByTestId('answer'), 'written');
  await shows(page.getByTestId(`key-${key}`), value);
}

/** A node that leads some group. */
async function leader(): Promise<string> {
  const leading = page.locator('article', { has: page.locator('tr.leader') }).first();
  await leading.waitFor({ timeout: DEADLINE_MS });
  return ((await leading.getAttribute('data-testid')) ?? '').replace('node-', '');
}

describe.skipIf(executablePath === undefined)('a cluster in a page', () => {
  beforeAll(async () => {
    pages = await servePages();
    profile = await mkdtemp(join(tmpdir(), 'flotilla-playground-'));
    context = await chromium.launchPersistentContext(profile, {
      executablePath: executablePath ?? '',
      args: ['--no-sandbox'],
      viewport: { width: 1280, height: 1000 },
    });
    page = await context.newPage();
    page.on('pageerror', (error) => mistakes.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') mistakes.push(message.text());
    });
    await page.goto(pages.url);
  });

  afterAll(async () => {
    await context?.close();
    pages?.[Symbol.dispose]();
    if (profile !== undefined) await rm(profile, { recursive: true, force: true });
  });

  test('three nodes found a cluster and become ready', async () => {
    await allReady();
    await leader();
  });

  test('a key is put and shown', async () => {
    await put('greeting', 'hello');
    await put('other', '1');
  });

  test('a leader is killed: the others go on, and it comes back', async () => {
    const killed = await leader();
    await button(killed, 'Kill').click();
    await shows(node(killed), 'down');
    await put('after-kill', 'written by two');
    await button(killed, 'Restart').click();
    await allReady();
  });

  test('a link is cut and healed: the majority goes on', async () => {
    await page.getByTestId('link-n1-n2').click();
    await page.getByTestId('link-n1-n3').click();
    await shows(page.getByTestId('link-n1-n2'), 'heal');
    await put('during-cut', 'written without n1');
    await page.getByTestId('link-n1-n2').click();
    await page.getByTestId('link-n1-n3').click();
    await put('after-cut', 'whole again');
    await allReady();
  });

  test('a node is wiped, joins as another one, and takes the place of the old', async () => {
    await button('n3', 'Wipe').click();
    await shows(node('n3'), 'down');
    await put('after-wipe', 'two of three');
    await button('n3', 'Restart').click();
    await shows(page.locator('.events'), /node \d+ takes the place of node \d+/);
    await allReady();
  });

  test('the page is reloaded: everything is there', async () => {
    await page.reload();
    await allReady();
    for (const [key, value] of [
      ['greeting', 'hello'],
      ['after-kill', 'written by two'],
      ['during-cut', 'written without n1'],
      ['after-wipe', 'two of three'],
    ] as const) {
      await shows(page.getByTestId(`key-${key}`), value);
    }
    await put('after-reload', 'yes');
  });

  test('nothing was thrown on the way', () => {
    expect(mistakes).toEqual([]);
  });
});
