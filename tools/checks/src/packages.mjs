// Package checks on what npm would publish: publint, are-the-types-wrong (ESM only), every target of the manifest is in
// the tarball, no test is, and no portable package's declarations lean on Node's types.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { join } from 'node:path';
import { packAll } from './pack.mjs';
import { exists, filesBelow, Findings, read, root } from './workspace.mjs';

const run = promisify(execFile);
const findings = new Findings('packages');
const bin = (name) => join(root, 'node_modules', '.bin', name);
const packed = packAll('packed');

const queue = [...packed];
await Promise.all(
  [1, 2].map(async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await check(next);
  }),
);
findings.end(`${packed.length} tarballs`);

async function check({ folder, name, manifest, tarball, files }) {
  const targets = [];
  const collect = (value) => {
    if (typeof value === 'string') targets.push(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(collect);
  };
  collect(manifest.exports);
  collect(manifest.bin);
  const inside = new Set(files.map((path) => `./${path}`));
  for (const target of targets) {
    if (!inside.has(target.startsWith('./') ? target : `./${target}`))
      findings.add(name, `${target} is named by package.json and not in the tarball`);
  }
  for (const path of files)
    if (/\.test\.|\/testdata\//.test(path)) findings.add(name, `${path} is a test and in the tarball`);
  for (const path of ['README.md', 'LICENSE']) if (!files.includes(path)) findings.add(name, `has no ${path}`);
  for (const key of ['description', 'license', 'engines']) {
    if (manifest[key] === undefined) findings.add(`${folder}/package.json`, `has no ${key}`);
  }
  if (manifest.nx?.tags?.includes('runtime:portable')) {
    for (const path of exists(join(root, folder, 'dist')) ? filesInDist(folder) : []) {
      if (/reference types="node"|from ['"]node:|NodeJS\./.test(read(path)))
        findings.add(path, 'leans on the types of Node');
    }
  }
  await tool(name, bin('publint'), [tarball, '--strict'], 'publint');
  if (manifest.exports !== undefined)
    await tool(name, bin('attw'), [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji'], 'attw');
}

function filesInDist(folder) {
  return filesBelow(join(folder, 'dist'), (path) => path.endsWith('.d.ts'));
}

async function tool(name, command, args, title) {
  try {
    await run(process.execPath, [await realBin(command), ...args], { cwd: root, timeout: 120_000, maxBuffer: 1 << 24 });
  } catch (error) {
    findings.add(
      name,
      `${title} failed:\n${error.stdout ?? ''}${error.stderr ?? ''}${error.killed ? 'timed out' : ''}`,
    );
  }
}

async function realBin(path) {
  const { realpath } = await import('node:fs/promises');
  return await realpath(path);
}
