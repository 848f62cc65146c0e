// Stages the packages for JSR, lets Deno judge them as it would before publishing, and uses them as a stranger does: by jsr: names from
// another folder, with their types. To publish, run this, then "deno publish" in .nx/jsr/packages.
import { spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { programs } from './examples.mjs';
import { stageForJsr } from './stage-jsr.mjs';
import { exists, Findings, read, root } from './workspace.mjs';

const findings = new Findings('jsr');
const bin = join(root, 'node_modules/.bin/deno');
if (!exists(bin)) {
  process.stdout.write('skipped: the packages for JSR, for deno is not installed (1 skipped)\n');
  process.exit(0);
}
const packages = join(root, '.nx', 'jsr', 'packages');
const stranger = join(root, '.nx', 'jsr', 'stranger');
const staged = stageForJsr(packages);
mkdirSync(stranger, { recursive: true });
for (const folder of [packages, stranger]) installed(folder);
writeFileSync(
  join(stranger, 'deno.json'),
  // What is not published yet is taken from the staged folders, under the names that it will have.
  JSON.stringify({ links: staged.map(({ folder }) => `../packages/${folder}`), nodeModulesDir: 'manual' }),
);

publish();
everyEntry();
typesAreThere();
firstExample();
findings.end(`${staged.length} packages`);

function installed(folder) {
  const link = join(folder, 'node_modules');
  if (!exists(link)) symlinkSync(join(root, 'node_modules'), link);
}

function deno(folder, args) {
  const environment = { ...process.env, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' };
  // To Deno its mere presence asks for colours, whatever its value.
  delete environment.FORCE_COLOR;
  const result = spawnSync(bin, args, { cwd: folder, encoding: 'utf8', env: environment, timeout: 180_000 });
  return { ok: result.status === 0, said: `${result.stdout}${result.stderr}`, stdout: result.stdout };
}

function publish() {
  // Dirty: what is staged is no part of the repository.
  const { ok, said } = deno(packages, ['publish', '--dry-run', '--allow-dirty']);
  if (!ok) findings.add('deno publish --dry-run', `fails:\n${said}`);
  for (const line of said.split('\n').filter((text) => /\bwarning\b/i.test(text))) findings.add('deno publish', line);
  for (const { name } of staged) {
    if (!said.includes(`Simulating publish of ${name}@`)) findings.add(name, 'is not published');
  }
  process.stdout.write('deno publish --dry-run: ran\n');
}

function jsrName(name) {
  return `jsr:${name}@^${JSON.parse(read('packages/errors/package.json')).version}`;
}

function everyEntry() {
  const entries = staged.flatMap(({ name, exports }) =>
    Object.keys(exports).map((path) => jsrName(name) + path.slice(1)),
  );
  const lines = entries.map((entry, place) => `import * as entry${place} from '${entry}';`);
  const loaded = `console.log([${entries.map((_, place) => `entry${place}`).join(', ')}].length);`;
  writeFileSync(join(stranger, 'every-entry.ts'), `${lines.join('\n')}\n${loaded}\n`);
  const { ok, said, stdout } = deno(stranger, ['run', '--allow-env', 'every-entry.ts']);
  if (!ok || stdout !== `${entries.length}\n`) findings.add('every entry on Deno', `does not load:\n${said}`);
  process.stdout.write('every entry on Deno, by jsr: names: ran\n');
}

function typesAreThere() {
  const [error, client] = [jsrName('@flotilla/errors'), jsrName('@flotilla/client')];
  const right = `import { FlotillaError } from '${error}';
import type { FlotillaClient } from '${client}';
export const code = (client: FlotillaClient): Promise<unknown> => client.get('key');
export const error: Error = new FlotillaError('Timeout', { message: 'm', details: { operation: 'o', ms: 1 } });
`;
  writeFileSync(join(stranger, 'right.ts'), right);
  writeFileSync(join(stranger, 'wrong.ts'), right.replace(`client.get('key')`, 'client.get(7)'));
  const checked = deno(stranger, ['check', 'right.ts']);
  if (!checked.ok) findings.add('deno check', `refuses what is right:\n${checked.said}`);
  const refused = deno(stranger, ['check', 'wrong.ts']);
  if (refused.ok || !refused.said.includes('TS2345')) findings.add('deno check', `types are lost:\n${refused.said}`);
  process.stdout.write('types of the packages, seen by Deno: ran\n');
}

function firstExample() {
  const [first] = programs(read('README.md'));
  const code = first.code.replaceAll(/from '(@flotilla\/[a-z-]+)/g, (_, name) => `from '${jsrName(name)}`);
  writeFileSync(join(stranger, 'example.ts'), code);
  const { ok, said, stdout } = deno(stranger, ['run', '--check', '--allow-env', 'example.ts']);
  if (!ok) findings.add('README.md from JSR', `fails:\n${said}`);
  else if (first.output !== undefined && stdout !== first.output)
    findings.add('README.md from JSR', `prints\n${stdout}`);
  process.stdout.write('the first example, by jsr: names: ran\n');
}
