// What the checks know of the workspace: its packages, their manifests and their files.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root folder of the repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

/** All projects below the given top folders: { folder, name, manifest }. */
export function projects(tops = ['packages', 'apps', 'tools']) {
  return tops.flatMap((top) =>
    readdirSync(join(root, top))
      .map((entry) => join(top, entry))
      .filter((folder) => exists(join(root, folder, 'package.json')))
      .map((folder) => {
        const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
        return { folder, name: manifest.name, manifest };
      }),
  );
}

/** Whether a path exists. */
export function exists(path) {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Files below a folder of the repository, as paths relative to the root, without what is built or installed. */
export function filesBelow(folder, accept = () => true) {
  const skip = new Set([
    'node_modules',
    ...(folder.endsWith('dist') ? [] : ['dist']),
    '.nx',
    '.git',
    '.flotilla',
    'coverage',
  ]);
  const found = [];
  const walk = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      if (skip.has(entry.name)) continue;
      const full = join(path, entry.name);
      if (entry.isDirectory()) walk(full);
      else if (accept(full)) found.push(relative(root, full));
    }
  };
  if (exists(join(root, folder))) walk(join(root, folder));
  return found.sort((one, other) => (one < other ? -1 : 1));
}

/** Text of a file of the repository. */
export function read(path) {
  return readFileSync(join(root, path), 'utf8');
}

/** Collects findings, prints them, and ends the process with 1 if there are any. */
export class Findings {
  #title;
  #list = [];

  constructor(title) {
    this.#title = title;
  }

  add(place, what) {
    this.#list.push(`${place}: ${what}`);
  }

  /** Prints the result; `checked` says what was looked at. */
  end(checked) {
    for (const line of this.#list) process.stdout.write(`${line}\n`);
    process.stdout.write(`${this.#title}: ${checked}, ${this.#list.length} findings\n`);
    process.exit(this.#list.length === 0 ? 0 : 1);
  }
}
