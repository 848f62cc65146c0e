// Stand-ins for the commands of a system that docs/operating.md types: what they do to a machine they do to its folder, MACHINE.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Writes them to a folder that is to be first in PATH. `deno` is what Deno's installer installs. */
export function makeStandIns(folder, { deno }) {
  mkdirSync(folder, { recursive: true });
  const node = (body) => `#!${process.execPath}\n${body}`;
  const commands = {
    'apt-get': '#!/bin/sh\n',
    useradd: '#!/bin/sh\n',
    chown: '#!/bin/sh\n',
    scp: `#!/bin/sh
# scp -r FOLDER root@HOST:PATH
host=\${3#*@}; path=\${host#*:}; host=\${host%%:*}
to=$(${process.execPath} -p 'JSON.parse(process.env.MACHINES)[process.argv[1]]' "$host")$path
mkdir -p "$to" && cp -r "$2/." "$to/"
`,
    curl: node(`const { setTimeout: pause } = require('node:timers/promises');
const url = process.argv.at(-1);
if (url === 'https://deno.land/install.sh') {
  process.stdout.write('mkdir -p "$DENO_INSTALL/bin" && ln -sf ${deno} "$DENO_INSTALL/bin/deno"\\n');
} else {
  (async () => {
    const retries = Number(process.argv[process.argv.indexOf('--retry') + 1]) || 0;
    for (let retry = 0; ; retry++) {
      const response = await fetch(url).catch(() => undefined);
      if (response?.ok) return process.stdout.write(await response.text());
      if (retry >= retries) process.exit(22);
      await pause(1000);
    }
  })();
}
`),
    systemctl: node(`const { execFileSync, spawn } = require('node:child_process');
const { mkdirSync, openSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const machine = process.env.MACHINE;
const [verb] = process.argv.slice(2);
const pidFile = join(machine, 'flotilla.pid');
if (verb === 'enable') {
  const unit = readFileSync(join(machine, 'etc/systemd/system/flotilla.service'), 'utf8').replaceAll(/\\\\\\n/g, ' ');
  const value = (key) => new RegExp('^' + key + '=(.*)$', 'm').exec(unit)?.[1];
  mkdirSync(join(machine, 'var/lib', value('StateDirectory')), { recursive: true, mode: 0o700 });
  mkdirSync(join(machine, 'var/cache', value('CacheDirectory')), { recursive: true });
  const environment = Object.fromEntries(value('Environment').split(' ').map((pair) => pair.split('=')));
  const [command, ...args] = value('ExecStart').split(/\\s+/);
  const log = openSync(join(machine, 'flotilla.log'), 'a');
  // A service sees what its unit gives it, and of the shell that started it nothing.
  const { PATH, NPM_CONFIG_REGISTRY } = process.env;
  const child = spawn(command, args, { stdio: ['ignore', log, log], detached: true, env: { PATH, NPM_CONFIG_REGISTRY, ...environment } });
  writeFileSync(pidFile, String(child.pid));
  child.unref();
} else if (verb === 'stop') {
  const pid = Number(readFileSync(pidFile, 'utf8'));
  process.kill(pid, 'SIGTERM');
  const isThere = () => { try { return !/^State:\\s+Z/m.test(readFileSync('/proc/' + pid + '/status', 'utf8')); } catch { return false; } };
  const end = Date.now() + 60_000;
  while (isThere() && Date.now() < end) execFileSync('sleep', ['0.1']);
  const stopped = readFileSync(join(machine, 'flotilla.log'), 'utf8').includes('server.stopped');
  process.exit(isThere() || !stopped ? 1 : 0);
}
`),
  };
  for (const [name, text] of Object.entries(commands)) {
    const path = join(folder, name);
    writeFileSync(path, text);
    chmodSync(path, 0o755);
  }
}
