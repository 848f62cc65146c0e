// Builds one project, then runs a built program of it with the arguments that follow; its exit code is ours.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build, root } from './nx.mjs';

const [project, program, ...args] = process.argv.slice(2);
build(project);
const child = spawn(process.execPath, [join(root, program), ...args], {
  stdio: 'inherit',
  cwd: process.env.INIT_CWD ?? process.cwd(),
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code, signal) => process.exit(code ?? (signal === null ? 1 : 130)));
