// Stages the packages as JSR wants them: TypeScript sources that import each other by their true names (`.ts`), and one deno.json a
// package, made from package.json, which alone says name, version, entries and dependencies.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exists, filesBelow, projects, read, root } from './workspace.mjs';

/** Of packages whose types are not their own: where those are. */
const TYPES = { ws: '@types/ws' };

/**
 * Stages all published packages of `packages/` as one Deno workspace in `target`, whose members find each other by name until
 * `deno publish` writes `jsr:` for it. Returns { name, folder, exports } of each.
 */
export function stageForJsr(target) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const staged = projects(['packages'])
    .filter(({ manifest }) => manifest.private !== true)
    .map((project) => stage(target, project));
  const workspace = staged.map(({ folder }) => `./${folder}`);
  // Packages of npm come from the repository's own installation, not from a network.
  writeJson(join(target, 'deno.json'), { workspace, nodeModulesDir: 'manual' });
  return staged;
}

function stage(target, { folder, name, manifest }) {
  const short = folder.replace(/^packages\//, '');
  const place = join(target, short);
  for (const file of filesBelow(join(folder, 'src'), isPublished)) {
    const to = join(place, file.slice(folder.length + 1));
    mkdirSync(dirname(to), { recursive: true });
    if (file.endsWith('.ts')) writeFileSync(to, withTrueNames(read(file)));
    else cpSync(join(root, file), to);
  }
  for (const file of ['README.md', 'LICENSE']) {
    const own = join(folder, file);
    cpSync(join(root, exists(join(root, own)) ? own : file), join(place, file));
  }
  const exports = entriesOf(manifest);
  writeJson(join(place, 'deno.json'), {
    name,
    version: manifest.version,
    license: manifest.license,
    exports,
    imports: npmImports(manifest),
    ...(isForPages(folder)
      ? { compilerOptions: { lib: ['deno.ns', 'esnext', 'dom', 'dom.iterable', 'dom.asynciterable'] } }
      : {}),
    publish: { include: ['src', 'README.md', 'LICENSE', 'deno.json'] },
  });
  return { name, folder: short, exports };
}

function isPublished(file) {
  return !/\.test\.ts$|\/testdata\//.test(file);
}

/** Entries by path, each its source where no browser asks; a package that has another face for browsers has a path for that, too. */
function entriesOf(manifest) {
  const found = {};
  for (const [path, conditions] of Object.entries(manifest.exports ?? {})) {
    const source = conditions['@flotilla/source'];
    if (typeof source === 'string') found[path] = source;
  }
  return found;
}

/** Whether a package is written against what pages have. */
function isForPages(folder) {
  return JSON.parse(read(join(folder, 'tsconfig.json'))).extends.endsWith('/browser.json');
}

function npmImports(manifest) {
  const versions = { ...manifest.dependencies, ...manifest.optionalDependencies, ...manifest.peerDependencies };
  const outside = Object.entries(versions).filter(([name]) => !name.startsWith('@flotilla/'));
  return Object.fromEntries(
    outside.flatMap(([name, version]) => [
      [name, `npm:${name}@${version}`],
      [`${name}/`, `npm:/${name}@${version}/`],
    ]),
  );
}

/** The house writes the names of what is built; here the sources themselves are imported. */
function withTrueNames(text) {
  return text
    .replaceAll(/((?:from|import)\s*\(?\s*')(\.{1,2}\/[^']+)\.js'/g, "$1$2.ts'")
    .replaceAll(/^(?=(?:import|export) [^;]*from '(\w+)';$)/gm, (_, name) =>
      TYPES[name] === undefined ? '' : `// @ts-types="npm:${TYPES[name]}@${typesVersion(TYPES[name])}"\n`,
    );
}

function typesVersion(name) {
  return JSON.parse(read('package.json')).devDependencies[name];
}

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
