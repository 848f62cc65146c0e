// npm start: builds the server (cached), then runs the local cluster of three until it is interrupted.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, root } from './nx.mjs';

build('@flotilla/server');
const child = spawn(process.execPath, [join(root, 'apps/server/bin/flotilla.js'), 'dev', ...process.argv.slice(2)], {
  stdio: 'inherit',
  cwd: process.env.INIT_CWD ?? process.cwd(),
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('close', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
