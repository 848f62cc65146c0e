import { fileURLToPath } from 'node:url';
import { runCli } from './cli.js';

try {
  process.exitCode = await runCli(process.argv.slice(2), {
    root: fileURLToPath(new URL('../../..', import.meta.url)).replace(/[\\/]$/, ''),
    print: (line) => process.stdout.write(`${line}\n`),
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
