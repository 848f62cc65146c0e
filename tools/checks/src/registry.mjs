// A registry of npm on the loopback address that has our packed packages and, from the repository's own installation, all that they
// depend on: so that what users type to install them is tried before they are published, and without a network.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { packAll } from './pack.mjs';
import { exists, root } from './workspace.mjs';

/** Starts it; `name` is that of a folder below `.nx`. Returns { url, close }. */
export async function startRegistry(name) {
  const folder = join(root, '.nx', name);
  const ours = packAll(name).map(({ folder: place, tarball, manifest }) => ({
    place: join(root, place),
    tarball,
    manifest,
  }));
  const theirs = packFolders(dependenciesOf(ours), join(folder, 'dependencies'));
  const documents = new Map();
  const tarballs = new Map();
  for (const { manifest, tarball } of [...ours, ...theirs]) {
    const file = tarball.slice(folder.length).replaceAll('\\', '/');
    tarballs.set(`/-${file}`, tarball);
    const document = documents.get(manifest.name) ?? { name: manifest.name, 'dist-tags': {}, versions: {} };
    document.versions[manifest.version] = { ...manifest, dist: { file: `/-${file}`, integrity: integrityOf(tarball) } };
    document['dist-tags'].latest = manifest.version;
    documents.set(manifest.name, document);
  }
  for (const { manifest } of [...ours, ...theirs]) {
    const optional = { ...manifest.peerDependencies, ...manifest.optionalDependencies };
    for (const [name, range] of Object.entries(optional)) {
      if (!documents.has(name)) documents.set(name, notInstalled(name, range));
    }
  }
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
    const tarball = tarballs.get(path);
    const document = documents.get(path.slice(1));
    if (tarball !== undefined) response.end(readFileSync(tarball));
    else if (document !== undefined) response.end(JSON.stringify(addressed(document, url)));
    else response.writeHead(404).end('{"error":"not found"}');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    url,
    close: () => {
      server.closeAllConnections();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Of what nobody has to have and this installation has not: that it exists is asked, and no more. */
function notInstalled(name, range) {
  const version = /\d+\.\d+\.\d+/.exec(range)?.[0] ?? '1.0.0';
  const dist = { file: `/-/absent/${name}`, integrity: 'sha512-none' };
  return { name, 'dist-tags': { latest: version }, versions: { [version]: { name, version, dist } } };
}

/** A document as the registry gives it: with whole addresses of the tarballs. */
function addressed(document, url) {
  const versions = Object.entries(document.versions).map(([version, { dist, ...manifest }]) => [
    version,
    { ...manifest, dist: { tarball: url + dist.file, integrity: dist.integrity } },
  ]);
  return { ...document, versions: Object.fromEntries(versions) };
}

function integrityOf(tarball) {
  return `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
}

/** Folders of all packages that ours need at run time, and those need, as Node finds them. */
function dependenciesOf(ours) {
  const own = new Set(ours.map(({ manifest }) => manifest.name));
  const found = new Set();
  const visit = ({ place, manifest }) => {
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      if (own.has(name)) continue;
      const folder = resolve(place, name);
      if (folder === undefined || found.has(folder)) continue;
      found.add(folder);
      visit({ place: folder, manifest: manifestOf(folder) });
    }
  };
  for (const one of ours) visit(one);
  return [...found];
}

function resolve(from, name) {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    if (exists(join(candidate, 'package.json'))) return candidate;
    if (dirname(folder) === folder) return undefined;
  }
}

function manifestOf(folder) {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}

function packFolders(folders, target) {
  mkdirSync(target, { recursive: true });
  const args = ['pack', '--json', '--ignore-scripts', '--loglevel=error', '--pack-destination', target, ...folders];
  const output = execFileSync('npm', args, {
    cwd: target,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 26,
  });
  const parsed = JSON.parse(output);
  const list = Array.isArray(parsed) ? parsed : Object.values(parsed);
  return folders.map((folder) => {
    const manifest = manifestOf(folder);
    const entry = list.find((one) => one.name === manifest.name && one.version === manifest.version);
    if (entry === undefined) throw new Error(`npm pack did not pack ${manifest.name}`);
    return { manifest, tarball: join(target, entry.filename.replace(/^@/, '').replace('/', '-')) };
  });
}
