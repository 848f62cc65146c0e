// tidy: rules of the house that neither the type checker nor the linter knows. Each finding names what to do instead.
import { execFileSync } from 'node:child_process';
import { dirname, join, normalize } from 'node:path';
import { exists, filesBelow, Findings, projects, read, root } from './workspace.mjs';

const findings = new Findings('tidy');
const isSource = (path) => /\.(tsx?|mjs)$/.test(path) && !path.endsWith('.d.ts');
const isTest = (path) => /\.test\.ts$|\/test\/|\/testdata\//.test(path);
const sources = ['packages', 'apps', 'tools'].flatMap((top) => filesBelow(top, isSource));

bannedNames();
bannedCalls();
forbiddenText();
imports();
documentedExports();
lintConfiguration();
findings.end(`${sources.length} source files`);

function bannedNames() {
  const words =
    /^(utils?|helpers?|common|misc|manager|base|impl|processor|context)(\.|$)|-(utils?|helpers?|manager|impl)\.ts$/;
  for (const path of sources) {
    for (const part of path.split('/').slice(2)) {
      if (words.test(part) && !(path.startsWith('tools/vitest/') && part === 'base.ts')) {
        findings.add(path, `"${part}" says nothing; name the concept`);
      }
    }
  }
}

function bannedCalls() {
  const calls = [
    [/\bDate\.now\(|\bnew Date\(\)/, 'runtime.wallClock()'],
    [/\bperformance\.now\(/, 'runtime.now()'],
    [/\bMath\.random\(/, 'runtime.random()'],
    [/\b(setTimeout|setInterval)\(/, 'runtime.setTimer()'],
    [/\bsetImmediate\(/, 'runtime.nextTurn()'],
    [/\bcrypto\.(randomUUID|getRandomValues)\(/, 'runtime.randomBytes()'],
    [/\bAbortSignal\.timeout\(/, 'a timer of the Runtime port'],
    [/\.localeCompare\(/, 'a comparison by code unit'],
    [/\bWeakRef\b|\bFinalizationRegistry\b/, 'an explicit release'],
  ];
  for (const path of sources) {
    if (
      !path.startsWith('packages/') ||
      !path.includes('/src/') ||
      isTest(path) ||
      path.startsWith('packages/runtime/') ||
      // It is for others too and imports no room of ours: its clocks and timers are the platform's.
      path.startsWith('packages/quic-transport-ponyfill/')
    )
      continue;
    for (const [number, line] of read(path).split('\n').entries()) {
      if (/^\s*(\*|\/\/|\/\*)/.test(line)) continue;
      for (const [pattern, instead] of calls) {
        if (pattern.test(line))
          findings.add(`${path}:${number + 1}`, `${pattern.exec(line)?.[0]} is banned here; use ${instead}`);
      }
    }
  }
}

function forbiddenText() {
  const texts = [
    [/registry\.npmjs|npmjs\.org|proxy\.golang|pypi\.org|deb\.debian/, 'names the host of a registry'],
    [/(^|[\s"'`(=])\/(work|root|home)\/[a-z]/, 'names a path of one machine'],
    [/\b(describe|test|it)\.(only|todo|fails)\(/, 'a test that does not count'],
  ];
  const tracked = execFileSync('git', ['ls-files'], { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  for (const path of tracked) {
    if (!exists(join(root, path)) || /\.(png|lock|bin)$/.test(path) || path === 'tools/checks/src/tidy.mjs') continue;
    for (const [number, line] of read(path).split('\n').entries()) {
      for (const [pattern, what] of texts) if (pattern.test(line)) findings.add(`${path}:${number + 1}`, what);
    }
  }
}

/** Every bare import stands in package.json, and every dependency is imported by something. */
function imports() {
  for (const { folder, name, manifest } of projects()) {
    const declared = new Set([
      ...Object.keys(manifest.dependencies ?? {}),
      ...Object.keys(manifest.peerDependencies ?? {}),
    ]);
    const development = new Set([
      ...Object.keys(JSON.parse(read('package.json')).devDependencies),
      ...Object.keys(manifest.devDependencies ?? {}),
    ]);
    const used = new Set();
    for (const path of filesBelow(folder, isSource)) {
      const text = read(path).replaceAll(/\/\*[\s\S]*?\*\//g, '');
      const statements = [
        /(?:^|\n)\s*(?:import|export)\b[^;'"`]*?\bfrom\s*['"]([^'"\n]+)['"]/g,
        /(?:^|\n)\s*import\s*['"]([^'"\n]+)['"]/g,
        /\bimport\(\s*['"]([@\w][^'"\n]*)['"]\s*\)/g,
      ];
      for (const [, specifier] of statements.flatMap((pattern) => [...text.matchAll(pattern)])) {
        // A name with ${…} in it is text that a program writes.
        if (specifier.startsWith('.') || specifier.startsWith('node:') || specifier.includes('${')) continue;
        const target = specifier.startsWith('@') ? specifier.split('/').slice(0, 2).join('/') : specifier.split('/')[0];
        used.add(target);
        if (target === name || declared.has(target)) continue;
        const forTools = isTest(path) || folder.startsWith('tools/') || !path.includes('/src/');
        if (forTools && (development.has(target) || target.startsWith('@flotilla/'))) continue;
        findings.add(path, `imports ${target}, which ${folder}/package.json does not name`);
      }
    }
    for (const target of declared) {
      if (!used.has(target)) findings.add(`${folder}/package.json`, `names ${target}, which nothing in it imports`);
    }
  }
}

/** Every symbol that a published package exports has a doc comment where it is declared. */
function documentedExports() {
  for (const { folder, manifest } of projects(['packages'])) {
    const seen = new Set();
    for (const target of Object.values(manifest.exports ?? {})) {
      const entry = typeof target === 'object' ? findSource(target) : undefined;
      if (entry !== undefined) checkExports(normalize(join(folder, entry)), undefined, seen);
    }
  }
}

function findSource(target) {
  if (typeof target['@flotilla/source'] === 'string') return target['@flotilla/source'];
  return Object.values(target)
    .map((value) => (typeof value === 'object' ? findSource(value) : undefined))
    .find(Boolean);
}

function checkExports(path, names, seen) {
  const key = `${path}|${names === undefined ? '*' : [...names].join()}`;
  if (seen.has(key)) return;
  seen.add(key);
  const text = read(path);
  const resolve = (specifier) => normalize(join(dirname(path), specifier.replace(/\.js$/, '.ts')));
  for (const [, specifier] of text.matchAll(/^export (?:type )?\*(?: as \w+)? from '(\.[^']+)'/gm))
    checkExports(resolve(specifier), names, seen);
  for (const [, list, specifier] of text.matchAll(/^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm)) {
    const wanted = list
      .split(',')
      .map(
        (part) =>
          part
            .replace(/\btype\b/, '')
            .trim()
            .split(/\s+as\s+/)[0],
      )
      .filter(Boolean);
    checkExports(resolve(specifier), new Set(wanted), seen);
  }
  const lines = text.split('\n');
  const documented = new Set();
  const bare = new Map();
  for (const [number, line] of lines.entries()) {
    const match =
      /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let) (\w+)/.exec(line);
    if (match === null || (names !== undefined && !names.has(match[1]))) continue;
    const before = lines.slice(0, number).findLast((text) => text.trim() !== '' && !/^\s*\/\/ oxlint/.test(text)) ?? '';
    if (/\*\/\s*$/.test(before)) documented.add(match[1]);
    else if (!bare.has(match[1])) bare.set(match[1], number + 1);
  }
  for (const [name, number] of bare) {
    if (!documented.has(name)) findings.add(`${path}:${number}`, `export ${name} has no doc comment`);
  }
}

function lintConfiguration() {
  try {
    execFileSync(process.execPath, [join(root, 'tools/lint/make-oxlintrc.mjs'), '--check'], { stdio: 'pipe' });
  } catch {
    findings.add('.oxlintrc.json', 'differs from tools/lint/make-oxlintrc.mjs; run npm run fix');
  }
}
