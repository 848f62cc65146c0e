import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Answer {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

/**
 * A Chromium as people have it. Playwright keeps every tab visible and its timers unthrottled; here a tab behind another is hidden, its
 * timers come once a second, and it can be frozen, workers and all.
 */
export class PlainChromium implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>();
  #commands = 0;

  private constructor(process: ChildProcess, profile: string, socket: WebSocket) {
    this.#process = process;
    this.#profile = profile;
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const { id, result, error } = JSON.parse(String(data)) as Answer;
      const waiting = this.#waiting.get(id ?? 0);
      this.#waiting.delete(id ?? 0);
      if (error === undefined) waiting?.resolve(result as never);
      else waiting?.reject(new Error(error.message));
    });
  }

  static async launch(executablePath: string): Promise<PlainChromium> {
    const profile = await mkdtemp(join(tmpdir(), 'flotilla-chromium-'));
    const child = spawn(
      executablePath,
      ['--headless=new', '--no-sandbox', '--no-first-run', '--remote-debugging-port=0', `--user-data-dir=${profile}`],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const address = await new Promise<string>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}`)));
      child.stderr?.on('data', (text: Buffer) => {
        const found = /ws:\/\/\S+/.exec(text.toString())?.[0];
        if (found !== undefined) resolve(found);
      });
    });
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => {
      socket.addEventListener('open', resolve);
      socket.addEventListener('error', reject);
    });
    return new PlainChromium(child, profile, socket);
  }

  /** A command of the DevTools protocol. */
  send<T>(method: string, params: object = {}, sessionId?: string): Promise<T> {
    const id = ++this.#commands;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) }));
    });
  }

  /** Opens a tab in front of all others. */
  async open(url: string): Promise<Tab> {
    const { targetId } = await this.send<{ targetId: string }>('Target.createTarget', { url });
    const { sessionId } = await this.send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true });
    const tab = new Tab(this, targetId, sessionId);
    await tab.show();
    return tab;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.kill('SIGKILL');
    await ended;
    await rm(this.#profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** A tab of it. */
export class Tab {
  readonly #browser: PlainChromium;
  readonly #target: string;
  readonly #session: string;

  constructor(browser: PlainChromium, target: string, session: string) {
    this.#browser = browser;
    this.#target = target;
    this.#session = session;
  }

  /** Brings it to the front; all others are hidden then. */
  async show(): Promise<void> {
    await this.#browser.send('Target.activateTarget', { targetId: this.#target });
  }

  /** Nothing of the page runs, nor of its workers. */
  async freeze(): Promise<void> {
    await this.#browser.send('Page.setWebLifecycleState', { state: 'frozen' }, this.#session);
  }

  async thaw(): Promise<void> {
    await this.#browser.send('Page.setWebLifecycleState', { state: 'active' }, this.#session);
  }

  /** What an expression comes to in the page, promises awaited; throws what it throws. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.#browser.send<{
      readonly result: { readonly value: T };
      readonly exceptionDetails?: { readonly exception?: { readonly description?: string } };
    }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, this.#session);
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception?.description ?? 'threw');
    return result.value;
  }
}
