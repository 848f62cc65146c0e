// Types what docs/operating.md tells to type on three empty machines with Deno, as it stands there: each machine is a folder and a
// loopback address, its commands of the system are stand-ins, Deno and the packages are real, from a registry of our own.
import { randomInt } from 'node:crypto';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeBlocks } from './examples.mjs';
import { makeStandIns } from './machine-stand-ins.mjs';
import { startRegistry } from './registry.mjs';
import { exists, Findings, read, root } from './workspace.mjs';

const findings = new Findings('operating');
const PAGE = 'docs/operating.md';
const SECTION = '### From an empty machine to a cluster of three';
const ADDRESSES = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];

const deno = join(root, 'node_modules/deno/deno');
if (process.platform !== 'linux' || !exists(deno)) {
  process.stdout.write('skipped: machines with Deno, for this is not Linux or deno is not installed (1 skipped)\n');
  process.exit(0);
}
// All of 127.0.0.0/8 is this machine; three addresses of a network that nobody else has.
const network = `127.${randomInt(16, 250)}.${randomInt(1, 250)}`;
const folder = mkdtempSync(join(tmpdir(), 'flotilla-machines-'));
const machines = ADDRESSES.map((address, place) => ({
  address,
  own: `${network}.${place + 1}`,
  root: join(folder, `machine-${place + 1}`),
}));
const registry = await startRegistry('packed-operating');
try {
  for (const machine of machines) {
    for (const place of ['etc/systemd/system', 'usr/local', 'var'])
      mkdirSync(join(machine.root, place), { recursive: true });
  }
  makeStandIns(join(folder, 'commands'), { deno });
  const said = await typeAll();
  expect(said, /3 of 3 nodes reachable; all \d+ groups have a leader/);
  expect(said, /^OK \(revision \d+ of group \d+\)$/m);
  expect(said, /^hello$/m);
  await stopAll();
} finally {
  for (const machine of machines) killServer(machine);
  registry.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
findings.end('three machines with Deno');

/** Types all blocks of the section, each on each machine or on the first, and returns what was printed. */
async function typeAll() {
  const text = read(PAGE);
  const start = text.indexOf(SECTION);
  const section = text.slice(start, text.indexOf('\n### ', start + SECTION.length));
  const blocks = codeBlocks(section).filter(({ language }) => language === 'sh');
  if (start < 0 || blocks.length < 4) findings.add(PAGE, `has no commands under "${SECTION}"`);
  let said = '';
  for (const { attributes, code, line } of blocks) {
    const on = attributes === 'each' ? machines : attributes === 'first' ? machines.slice(0, 1) : undefined;
    if (on === undefined) findings.add(PAGE, `"${attributes}" does not say where this is typed: each, or first`);
    for (const machine of on ?? []) {
      const { code: exit, output } = await type(machine, code);
      said += output;
      if (exit !== 0) {
        const server = logOf(machine);
        findings.add(PAGE, `block ${line} of the section ends with ${exit} on ${machine.address}:\n${output}${server}`);
        return said;
      }
    }
  }
  return said;
}

function environmentOf(machine) {
  return {
    HOME: machine.root,
    PATH: [join(folder, 'commands'), join(machine.root, 'usr/local/bin'), '/usr/bin:/bin'].join(':'),
    NPM_CONFIG_REGISTRY: registry.url,
    DENO_NO_UPDATE_CHECK: '1',
    NO_COLOR: '1',
    MACHINE: machine.root,
    MACHINES: JSON.stringify(Object.fromEntries(machines.map(({ own, root: place }) => [own, place]))),
  };
}

/** What is typed, with this machine's paths and addresses. */
function placed(code, machine) {
  let text = code.replaceAll('HERE=10.0.0.1 ', `HERE=${machine.address} `);
  for (const prefix of ['/etc/', '/usr/local', '/var/lib/', '/var/cache/']) {
    text = text.replaceAll(new RegExp(`(?<![\\w./])${prefix}`, 'g'), `${machine.root}${prefix}`);
  }
  // Between colon and path in what scp takes, the path is of another machine.
  text = text.replaceAll(`:${machine.root}/etc/`, ':/etc/');
  return text.replaceAll('127.0.0.1', machine.own).replaceAll('10.0.0.', `${network}.`);
}

function type(machine, code) {
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-eu', '-c', placed(code, machine)], {
      cwd: machine.root,
      env: environmentOf(machine),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
    const timer = setTimeout(() => child.kill('SIGKILL'), 180_000);
    child.once('exit', (exit, signal) => {
      clearTimeout(timer);
      // What it started in the background keeps the pipes.
      setTimeout(() => resolve({ code: exit ?? signal, output }), 100);
    });
  });
}

async function stopAll() {
  for (const machine of machines) {
    const { code, output } = await type(machine, 'systemctl stop flotilla\n');
    if (code !== 0)
      findings.add(PAGE, `the service does not stop in good order on ${machine.address}: ${output}${logOf(machine)}`);
    const log = logOf(machine);
    if (/NotCapable|Requires \w+ access/.test(log)) findings.add(PAGE, `the permissions do not suffice:\n${log}`);
  }
}

function logOf(machine) {
  const path = join(machine.root, 'flotilla.log');
  return exists(path) ? readFileSync(path, 'utf8').slice(-3_000) : '';
}

function killServer(machine) {
  const path = join(machine.root, 'flotilla.pid');
  if (exists(path)) spawnSync('kill', ['-9', readFileSync(path, 'utf8').trim()], { stdio: 'ignore' });
}

function expect(said, pattern) {
  if (!pattern.test(said)) findings.add(PAGE, `${pattern} is not in what was printed:\n${said.slice(-4_000)}`);
}
