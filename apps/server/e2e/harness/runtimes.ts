import { existsSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a process of the program runs on. */
export type RuntimeName = 'node' | 'deno';

/** The flotilla program as npm links it. */
export const program: string = fileURLToPath(new URL('../../bin/flotilla.js', import.meta.url));
/** The repository. */
export const repository: string = fileURLToPath(new URL('../../../..', import.meta.url));

/** The runtimes of a cluster's servers in their order, over again where there are more: `FLOTILLA_E2E_RUNTIMES=node,node,deno`. */
const chosen: readonly RuntimeName[] = (process.env['FLOTILLA_E2E_RUNTIMES'] ?? 'node').split(',').map((name) => {
  if (name === 'node' || name === 'deno') return name;
  throw new Error(`FLOTILLA_E2E_RUNTIMES: "${name}" is neither node nor deno`);
});

/** The runtime of the server at `place`, from 0. */
export function runtimeOfServer(place: number): RuntimeName {
  return chosen[place % chosen.length] ?? 'node';
}

/** The runtime of commands that no cluster of the harness starts: that of the first server. */
export const runtimeOfCommands: RuntimeName = runtimeOfServer(0);

/** Deno itself and not what npm links, which may be a script that starts it: signals are meant for the server. */
export function denoProgram(): string {
  const name = process.platform === 'win32' ? 'deno.exe' : 'deno';
  const path = `${repository}node_modules/deno/${name}`;
  if (!existsSync(path)) throw new Error(`${path} is missing: "npm ci" installs Deno`);
  return path;
}

/** A command with its first arguments. */
export interface CommandLine {
  readonly command: string;
  readonly args: readonly string[];
}

/** How the flotilla program is started on a runtime; `permissions` are flags of `deno run`, without them all are given. */
export function commandLine(runtime: RuntimeName, permissions: readonly string[] = ['--allow-all']): CommandLine {
  return runtime === 'node'
    ? { command: process.execPath, args: [program] }
    : { command: denoProgram(), args: ['run', '--no-lock', '--no-prompt', ...permissions, program] };
}

/** Where a server reads, writes and connects. */
export interface ServerReach {
  /** Hosts, with a port or for all of theirs. */
  readonly net: readonly string[];
  readonly read: readonly string[];
  readonly write: readonly string[];
  /** It listens on QUIC, too. */
  readonly quic?: boolean;
}

/** The native library of QUIC, which listeners that ask for certificates need; where it really lies. */
function quicLibrary(): string {
  return realpathSync(`${repository}node_modules/@currentspace/http3`);
}

/** The permissions that docs/operating.md tells to start a server with, for what this one needs. */
export function serverPermissions({ net, read, write, quic = false }: ServerReach): string[] {
  return [
    `--allow-net=${[...net, ...(quic ? ['0.0.0.0:0'] : [])].join(',')}`,
    `--allow-read=${[...read, ...(quic ? [quicLibrary(), '/usr/bin/ldd'] : [])].join(',')}`,
    `--allow-write=${write.join(',')}`,
    ...(quic ? ['--unstable-net', `--allow-ffi=${quicLibrary()}`] : []),
    '--allow-sys=statfs',
    '--allow-env=FLOTILLA_*',
    '--ignore-env',
  ];
}
