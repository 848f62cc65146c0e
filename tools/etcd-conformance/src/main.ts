import { fileURLToPath } from 'node:url';
import { runCli } from './cli.js';

process.exitCode = runCli(process.argv.slice(2), {
  environment: process.env,
  defaultFolder: fileURLToPath(new URL('../../../../shared/etcd-raft', import.meta.url)),
  print: (line) => process.stdout.write(`${line}\n`),
});
