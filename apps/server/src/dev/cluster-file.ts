import { readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { FlotillaError } from '@flotilla/errors';
import { makeFolders } from '@flotilla/storage-node';

/** One server of a local cluster. */
export interface LocalNode {
  readonly name: string;
  /** Its address for peers and clients, a ws: URL. */
  readonly listen: string;
  /** Its HTTP address. */
  readonly http: string;
  /** Its data folder. */
  readonly folder: string;
  /** Its configuration file, for `flotilla serve --config`. */
  readonly config: string;
}

/** What `flotilla dev` keeps of a local cluster, so that the other commands and the next start find it. */
export interface ClusterFile {
  readonly version: 1;
  /** Data groups, fixed when the cluster was founded. */
  readonly groups: number;
  /** Voters of each data group, fixed when the cluster was founded. */
  readonly replicationFactor: number;
  readonly nodes: readonly LocalNode[];
}

const FILE = 'local-cluster.json';

/** The folder of a local cluster when none is named: `.flotilla` below the working folder. */
export function defaultFolder(cwd: string): string {
  return join(cwd, '.flotilla');
}

/** Reads the file of the cluster in `folder`; undefined when there is none. @throws InvalidConfig when it is damaged */
export async function readClusterFile(folder: string): Promise<ClusterFile | undefined> {
  const path = join(folder, FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const damaged = (cause?: unknown): FlotillaError =>
    new FlotillaError('InvalidConfig', {
      message: `${path} is damaged; it only holds addresses: remove it, and the next start writes it anew`,
      details: { key: FILE, reason: 'damaged' },
      cause,
    });
  let parsed: ClusterFile;
  try {
    parsed = JSON.parse(text) as ClusterFile;
  } catch (cause) {
    throw damaged(cause);
  }
  const isNode = (node: LocalNode): boolean =>
    [node.name, node.listen, node.http, node.folder, node.config].every((field) => typeof field === 'string');
  if (
    parsed.version !== 1 ||
    !isCount(parsed.groups) ||
    !isCount(parsed.replicationFactor) ||
    !Array.isArray(parsed.nodes) ||
    !parsed.nodes.every(isNode)
  )
    throw damaged();
  return parsed;
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

/** Writes the file, and remembers the folder as the cluster that was started last. */
export async function writeClusterFile(folder: string, file: ClusterFile): Promise<void> {
  await writeWhole(join(folder, FILE), `${JSON.stringify(file, null, 2)}\n`);
  // Only a convenience for commands typed in another folder: a read-only home must not stop a start.
  await writeWhole(lastFile(), `${JSON.stringify({ folder: resolve(folder) })}\n`).catch(() => undefined);
}

/** The local cluster that commands speak to when no endpoint is named: of this folder or one above, else the one started last. */
export async function findLocalCluster(cwd: string): Promise<ClusterFile | undefined> {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const file = await readClusterFile(defaultFolder(folder));
    if (file !== undefined) return file;
    if (dirname(folder) === folder) break;
  }
  try {
    const { folder } = JSON.parse(await readFile(lastFile(), 'utf8')) as { folder?: unknown };
    return typeof folder === 'string' ? await readClusterFile(folder) : undefined;
  } catch {
    // No memory of a last cluster, or an unreadable one: then there is none.
    return undefined;
  }
}

function lastFile(): string {
  return join(
    process.env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'),
    'flotilla',
    'last-local-cluster.json',
  );
}

async function writeWhole(path: string, text: string): Promise<void> {
  await makeFolders(dirname(path));
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}
