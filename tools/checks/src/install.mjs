// Installs the tarballs of all published packages into an empty Node project, and runs the README's first example there,
// on Deno from the same folder, bundled in a page, and in an isolate that has the web's globals only.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import vm from 'node:vm';
import { build } from 'esbuild';
import { findChromium } from '../../vitest/chromium.mjs';
import { programs } from './examples.mjs';
import { packAll } from './pack.mjs';
import { exists, Findings, read, root } from './workspace.mjs';

const findings = new Findings('install');
const [first] = programs(read('README.md'));
if (first === undefined) {
  findings.add('README.md', 'has no ts block');
  findings.end('nothing');
}
const expected = first.output;
const packed = packAll('packed-install');
const project = mkdtempSync(join(tmpdir(), 'flotilla-install-'));
try {
  node();
  deno();
  const script = await bundle();
  await isolate(script);
  await page(script);
} finally {
  rmSync(project, { recursive: true, force: true });
}
findings.end(`${packed.length} tarballs`);

function compare(where, output) {
  if (expected !== undefined && output !== expected) findings.add(where, `prints\n${output}and not\n${expected}`);
}

function node() {
  writeFileSync(join(project, 'package.json'), '{ "type": "module", "private": true }\n');
  writeFileSync(join(project, 'example.ts'), first.code);
  execFileSync(
    'npm',
    [
      'install',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      '--loglevel=error',
      ...packed.map(({ tarball }) => tarball),
    ],
    {
      cwd: project,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  const result = spawnSync(process.execPath, ['--no-warnings', 'example.ts'], {
    cwd: project,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (result.status !== 0) findings.add('README.md on Node', `fails:\n${result.stdout}${result.stderr}`);
  else compare('README.md on Node', result.stdout);
  process.stdout.write('the first example on Node, from tarballs: ran\n');
}

function deno() {
  const bin = join(root, 'node_modules/.bin/deno');
  if (!exists(bin)) {
    process.stdout.write('skipped: the first example on Deno, for deno is not installed (1 skipped)\n');
    return;
  }
  const folder = join(project, 'deno');
  mkdirSync(folder);
  writeFileSync(join(folder, 'deno.json'), '{ "nodeModulesDir": "manual" }\n');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n');
  writeFileSync(join(folder, 'example.ts'), first.code);
  symlinkSync(join(project, 'node_modules'), join(folder, 'node_modules'));
  const result = spawnSync(bin, ['run', '-A', '--no-lock', 'example.ts'], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (result.status !== 0) findings.add('README.md on Deno', `fails:\n${result.stdout}${result.stderr}`);
  else compare('README.md on Deno', result.stdout);
  process.stdout.write('the first example on Deno, from tarballs: ran\n');
}

/** The example as one script that calls `finished(output | error)`; every portable package is in it, used or not. */
async function bundle() {
  const portable = packed.filter(({ manifest }) => manifest.nx?.tags?.includes('runtime:portable'));
  const entries = portable.flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports).map((path) => name + path.slice(1)),
  );
  const imports = [];
  const body = first.code.replaceAll(/^import [^;]*;.*$/gm, (line) => {
    imports.push(line);
    return '';
  });
  const source = `${imports.join('\n')}
${entries.map((entry, place) => `import * as package${place} from '${entry}';`).join('\n')}
globalThis.packages = [${entries.map((_, place) => `package${place}`).join(', ')}];
const lines = [];
const console = { log: (...words) => lines.push(words.join(' ')) };
(async () => {
${body}
})().then(() => globalThis.finished(lines.map((line) => line + '\\n').join('')), (error) => globalThis.finished(error));
`;
  writeFileSync(join(project, 'bundle.ts'), source);
  const result = await build({
    entryPoints: [join(project, 'bundle.ts')],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2024',
    supported: { using: false },
    logLevel: 'silent',
  }).catch((error) => {
    findings.add('bundle', String(error));
    findings.end('nothing');
  });
  return result.outputFiles[0].text;
}

async function isolate(script) {
  const names = [
    'TextEncoder',
    'TextDecoder',
    'URL',
    'URLSearchParams',
    'AbortController',
    'AbortSignal',
    'DOMException',
    'Event',
    'EventTarget',
    'ReadableStream',
    'WritableStream',
    'TransformStream',
    'MessageChannel',
    'performance',
    'crypto',
    'setTimeout',
    'clearTimeout',
    'queueMicrotask',
    'structuredClone',
  ];
  const output = await new Promise((resolve) => {
    const globals = Object.fromEntries(names.map((name) => [name, globalThis[name]]));
    const context = vm.createContext({ ...globals, finished: resolve });
    try {
      vm.runInContext(script, context);
    } catch (error) {
      resolve(error);
    }
  });
  if (typeof output === 'string') compare('README.md in an isolate', output);
  else findings.add('README.md in an isolate', `fails: ${output?.stack ?? output}`);
  process.stdout.write('the first example in an isolate with web globals only: ran\n');
}

async function page(script) {
  const executablePath = findChromium();
  if (executablePath === undefined) {
    process.stdout.write('skipped: the first example in a page, for no Chromium was found (1 skipped)\n');
    return;
  }
  const server = createServer((request, response) => {
    const isScript = request.url === '/bundle.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' });
    response.end(isScript ? script : '<!doctype html><title>example</title>');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { chromium } = await import('playwright');
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-background-networking', '--no-first-run'],
  });
  try {
    const tab = await browser.newPage();
    await tab.goto(`http://127.0.0.1:${server.address().port}/`);
    const output = await tab.evaluate(
      () =>
        new Promise((resolve) => {
          globalThis.finished = (value) =>
            resolve(typeof value === 'string' ? { text: value } : { error: String(value?.stack ?? value) });
          const element = document.createElement('script');
          element.src = '/bundle.js';
          element.onerror = () => resolve({ error: 'the bundle did not load' });
          document.head.append(element);
        }),
    );
    if (output.error === undefined) compare('README.md in a page', output.text);
    else findings.add('README.md in a page', `fails: ${output.error}`);
  } finally {
    await browser.close();
    server.close();
  }
  process.stdout.write('the first example in a page: ran\n');
}
