// Builds the package in the current folder: JavaScript by tsup, declarations by tsc.
// Entries are what package.json exports under the source condition, so that the two lists cannot drift apart.
import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { build } from 'tsup';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const sources = new Set();
const collect = (target) => {
  if (typeof target !== 'object' || target === null) return;
  for (const [condition, value] of Object.entries(target)) {
    if (condition === '@flotilla/source') sources.add(value);
    else collect(value);
  }
};
collect(manifest.exports);
for (const source of manifest.flotilla?.entries ?? []) sources.add(source);
const entry = Object.fromEntries(
  [...sources].map((source) => [source.replace(/^\.\/src\//, '').replace(/\.ts$/, ''), source]),
);

rmSync('dist', { recursive: true, force: true });
await build({
  entry,
  format: ['esm'],
  target: 'node22.12',
  platform: 'neutral',
  external: [/^node:/],
  sourcemap: true,
  splitting: true,
  // Some modules, node:sqlite among them, exist under their full name only.
  removeNodeProtocol: false,
  dts: false,
  clean: false,
  silent: true,
  config: false,
  tsconfig: 'tsconfig.json',
});
const tsc = new URL('../../node_modules/typescript/bin/tsc', import.meta.url).pathname;
execFileSync(
  process.execPath,
  [
    tsc,
    '-p',
    '.',
    '--noEmit',
    'false',
    '--emitDeclarationOnly',
    '--rootDir',
    'src',
    '--outDir',
    'dist',
    '--customConditions',
    'import',
  ],
  { stdio: ['ignore', 'inherit', 'inherit'] },
);
