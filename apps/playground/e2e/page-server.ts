import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Serves the built pages, as `npm run playground` does, on a free port. */
export interface PageServer extends Disposable {
  /** Ends with a slash. */
  readonly url: string;
}

/** Starts a server of pages. */
export async function servePages(): Promise<PageServer> {
  const program = fileURLToPath(new URL('../serve.mjs', import.meta.url));
  const server: ChildProcess = spawn(process.execPath, [program, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    server.on('exit', (code) => reject(new Error(`the server ended with ${code}`)));
    server.stdout?.on('data', (text: Buffer) => {
      const found = /http:\/\/\S+/.exec(text.toString())?.[0];
      if (found !== undefined) resolve(found);
    });
  });
  return { url, [Symbol.dispose]: () => void server.kill() };
}
