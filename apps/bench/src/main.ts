import { fileURLToPath } from 'node:url';
import { BROWSER_USAGE, runBrowser } from './browser/browser-command.js';
import { CORE_USAGE, measureInProcess, runCore } from './core/core-command.js';
import { buildEtcdRaft } from './core/etcd-raft.js';
import { PUTS_USAGE, runPuts } from './puts/puts-command.js';
import { runTransports, TRANSPORTS_USAGE } from './transports/transports-command.js';

type Command = (words: readonly string[]) => number | Promise<number>;

const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['core', (words) => runCore(words, { print, measure: measureInProcess, buildPeer: buildEtcdRaft })],
  ['puts', (words) => runPuts(words, print)],
  ['browser', (words) => runBrowser(words, { print, app: fileURLToPath(new URL('../', import.meta.url)) })],
  ['transports', (words) => runTransports(words, print)],
]);

const USAGE = `usage: ${[CORE_USAGE, PUTS_USAGE, TRANSPORTS_USAGE, BROWSER_USAGE].join('\n\n       ')}`;

async function main(given: readonly string[]): Promise<number> {
  const [name, ...words] = given;
  const isAsked = given.includes('--help') || given.includes('-h');
  const command = commands.get(name ?? '');
  if (isAsked || command === undefined) {
    print(USAGE);
    return isAsked ? 0 : 1;
  }
  try {
    return await command(words);
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

process.exitCode = await main(process.argv.slice(2));
