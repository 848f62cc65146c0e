// Runs every ts block of every README and of docs/ against the built packages, and follows every relative link.
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { promisify } from 'node:util';
import { programs } from './examples.mjs';
import { exists, filesBelow, Findings, projects, read, root } from './workspace.mjs';

const run = promisify(execFile);
const findings = new Findings('docs');
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].filter((path) => exists(join(root, path))),
  ...filesBelow('docs', (path) => path.endsWith('.md')),
  ...projects(['packages', 'apps'])
    .map(({ folder }) => join(folder, 'README.md'))
    .filter((path) => exists(join(root, path))),
];

links();
const ran = await examples();
findings.end(`${pages.length} pages, ${ran} programs`);

function links() {
  for (const page of pages) {
    const text = read(page).replaceAll(/```[\s\S]*?```/g, '');
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, anchor] = target.split('#');
      const file = path === '' ? page : normalize(join(dirname(page), path));
      if (!exists(join(root, file))) findings.add(page, `links to ${target}, which is not there`);
      else if (anchor !== undefined && anchor !== '' && file.endsWith('.md') && !anchors(read(file)).has(anchor)) {
        findings.add(page, `links to ${target}, whose heading is not there`);
      }
    }
  }
}

function anchors(text) {
  const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}

async function examples() {
  const folder = join(root, '.nx', 'examples');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }\n');
  const all = pages.flatMap((page) => programs(read(page)).map((program) => ({ page, ...program })));
  const queue = [...all];
  await Promise.all(
    [1, 2].map(async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) await example(folder, next);
    }),
  );
  return all.length;
}

async function example(folder, { page, line, code, output }) {
  const file = join(folder, `${page.replaceAll(/[^a-zA-Z0-9]/g, '-')}-${line}.ts`);
  writeFileSync(file, code);
  try {
    const { stdout } = await run(process.execPath, ['--no-warnings', file], {
      cwd: folder,
      timeout: 60_000,
      // Nx asks for colours, which the stated output does not have.
      env: { ...process.env, FORCE_COLOR: '0' },
    });
    if (output !== undefined && stdout !== output)
      findings.add(`${page}:${line}`, `prints\n${stdout}and not, as it says,\n${output}`);
  } catch (error) {
    findings.add(
      `${page}:${line}`,
      `the program fails:\n${error.stdout ?? ''}${error.stderr ?? ''}${error.killed ? 'it did not end within a minute' : ''}`,
    );
  }
}
