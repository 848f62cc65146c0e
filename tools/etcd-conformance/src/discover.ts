import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { type Directive, DirectiveError } from './datadriven/directive.js';
import { parseDataDrivenFile } from './datadriven/parse-file.js';
import { CONF_CHANGE_COMMANDS } from './confchange-environment.js';
import { INTERACTION_COMMANDS } from './interaction/commands.js';
import { QUORUM_COMMANDS } from './quorum-environment.js';

/** The three kinds of etcd/raft's data-driven files, each with an environment of its own. */
export type FileKind = 'quorum' | 'confchange' | 'interaction';

/** A data-driven file that was found. */
export interface DataFile {
  /** Path from the folder that was given. */
  readonly name: string;
  readonly kind: FileKind;
  readonly directives: readonly Directive[];
}

/** A file that looks data-driven but cannot be run. */
export interface UnreadableFile {
  readonly name: string;
  readonly reason: string;
}

/** All that stands below a folder. */
export interface Discovery {
  readonly files: readonly DataFile[];
  readonly unreadable: readonly UnreadableFile[];
}

const COMMANDS: readonly (readonly [FileKind, ReadonlySet<string>])[] = [
  ['quorum', QUORUM_COMMANDS],
  ['confchange', CONF_CHANGE_COMMANDS],
  ['interaction', INTERACTION_COMMANDS],
];
const SEPARATOR_LINE = /^----\r?$/m;
const NOT_DATA = /^\.|~$|^#.*#$|^node_modules$/;

/**
 * Finds etcd/raft's data files: those of its folders quorum, confchange and interaction, or of a checkout, whose
 * interaction files stand in `testdata`. A file's kind follows from its commands.
 * `path` may also name one file. Throws the file system's error when it does not exist.
 */
export function discover(path: string): Discovery {
  const files: DataFile[] = [];
  const unreadable: UnreadableFile[] = [];
  for (const file of textFiles(path)) {
    const name = file === path ? basename(file) : relative(path, file).split(sep).join('/');
    const text = readFileSync(file, 'utf8');
    if (!SEPARATOR_LINE.test(text)) continue;
    try {
      const directives = parseDataDrivenFile(text);
      const kind = kindOf(directives);
      if (kind === undefined) unreadable.push({ name, reason: 'none of its commands is known' });
      else files.push({ name, kind, directives });
    } catch (error) {
      if (!(error instanceof DirectiveError)) throw error;
      unreadable.push({ name, reason: error.message });
    }
  }
  return { files, unreadable };
}

function textFiles(path: string): readonly string[] {
  if (statSync(path).isFile()) return [path];
  const found: string[] = [];
  for (const entry of readdirSync(path).toSorted()) {
    if (NOT_DATA.test(entry)) continue;
    const child = join(path, entry);
    const stats = statSync(child, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) found.push(...textFiles(child));
    else if (stats?.isFile() === true && entry.endsWith('.txt')) found.push(child);
  }
  return found;
}

function kindOf(directives: readonly Directive[]): FileKind | undefined {
  for (const { command } of directives) {
    const match = COMMANDS.find(([, commands]) => commands.has(command));
    if (match !== undefined) return match[0];
  }
  return undefined;
}
