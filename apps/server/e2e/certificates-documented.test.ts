import { spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { freePortRun } from './harness/ports.js';
import { hasEnded, kill, willEnd } from './harness/leftovers.js';
import { run, temporaryFolder } from './harness/program.js';
import { commandLine, repository } from './harness/runtimes.js';
import { statusesAt } from './harness/status.js';
import { until } from './harness/until.js';

test('what docs/operating.md says about certificates is typed as it stands, and a cluster with mutual TLS runs', async () => {
  const page = await readFile(join(repository, 'docs/operating.md'), 'utf8');
  const [, section = ''] = page.split('\n## Certificates\n');
  const [, commands = ''] = /```sh\n([\s\S]*?)```/.exec(section) ?? [];
  expect(commands.trim().split('\n')).toHaveLength(5);

  await using folder = await temporaryFolder();
  const bin = join(folder.path, 'bin');
  await mkdir(bin);
  const { command, args } = commandLine('node');
  const quoted = [command, ...args].map((word) => `'${word}'`).join(' ');
  await writeFile(join(bin, 'flotilla'), `#!/bin/sh\nexec ${quoted} "$@"\n`);
  await chmod(join(bin, 'flotilla'), 0o755);

  // Of as many ports in a row there are three that end in 1, 2 and 3.
  const tens = async (): Promise<string> => String(Math.ceil(((await freePortRun(13)) - 1) / 10));
  const [peers, http] = [await tens(), await tens()];
  const typed = commands
    .replaceAll('127.0.0.1:710', `127.0.0.1:${peers}`)
    .replaceAll('127.0.0.1:720', `127.0.0.1:${http}`);
  // A group of its own, so that the servers that it leaves behind end with it.
  const shell = spawn('sh', ['-e', '-c', typed], {
    cwd: folder.path,
    env: { PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOME: folder.path, XDG_STATE_HOME: join(folder.path, 'state') },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  willEnd(shell.pid);
  try {
    let said = '';
    for (const stream of [shell.stdout, shell.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    const code = await new Promise((resolve) => shell.once('exit', resolve));
    expect(code, said).toBe(0);
    const own = ['ca', 'cert', 'key'].map((file) => `--tls-${file}=${join(folder.path, 'tls/me', `${file}.pem`)}`);
    const got = await run(['kv', 'get', 'greeting', ...own, `--endpoints=wss://127.0.0.1:${peers}2`]);
    expect(got).toMatchObject({ code: 0, stdout: expect.stringContaining('hello') });
    await until('all three are linked', async () => {
      const statuses = await statusesAt([1, 2, 3].map((id) => `http://127.0.0.1:${http}${id}`));
      return (
        statuses.length === 3 &&
        statuses.every(({ peers: all }) => all.length === 2 && all.every((peer) => peer.connected))
      );
    });
  } finally {
    if (shell.pid !== undefined) kill(-shell.pid, 'SIGKILL');
    hasEnded(shell.pid);
  }
});
