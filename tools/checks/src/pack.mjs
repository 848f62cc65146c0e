// Packs every published project into a folder, as npm would publish it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { projects, root } from './workspace.mjs';

/** Packs all published projects into `.nx/<folder>`; resolves with { folder, name, tarball } each. */
export function packAll(folder) {
  const target = join(root, '.nx', folder);
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const published = projects(['packages', 'apps']).filter(({ manifest }) => manifest.private !== true);
  const output = execFileSync(
    'npm',
    [
      'pack',
      '--json',
      '--ignore-scripts',
      '--loglevel=error',
      '--pack-destination',
      target,
      ...published.flatMap(({ name }) => ['-w', name]),
    ],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 1 << 26 },
  );
  const parsed = JSON.parse(output);
  const list = Array.isArray(parsed) ? parsed : Object.values(parsed);
  const byName = new Map(list.map((entry) => [entry.name, entry]));
  return published.map((project) => {
    const entry = byName.get(project.name);
    if (entry === undefined) throw new Error(`npm pack did not pack ${project.name}`);
    return { ...project, tarball: join(target, entry.filename), files: entry.files.map((file) => file.path) };
  });
}
