import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { wholeNumber } from '../cli/whole-number.js';
import { denoHere } from '../deno/deno.js';
import { defaultFolder } from '../dev/cluster-file.js';
import { fetchStatus, LocalServers } from '../dev/local-cluster.js';
import { ExitCode } from '../errors/exit-code.js';
import type { ServerStatus } from '../serve/host-status.js';
import { progressBar } from '../output/progress.js';
import { table } from '../output/table.js';

interface DevOptions {
  readonly folder?: string;
  readonly nodes: number;
  readonly groups: number;
  readonly replicationFactor: number;
  readonly basePort: number;
  readonly httpBasePort: number;
  readonly timeoutS: number;
}

/** `flotilla dev`: a local cluster of three server processes that stays up until it is interrupted. */
export function devCommand(): Command {
  return new Command('dev')
    .description('start a local cluster of three servers, and keep it up until interrupted')
    .option('--folder <path>', 'folder for all data, kept between starts (default: .flotilla here)')
    .option('--nodes <count>', 'how many servers', wholeNumber(1, 9), 3)
    .option('--groups <count>', 'how many data groups', wholeNumber(1, 1024), 8)
    .option('--replication-factor <count>', 'voters of each data group', wholeNumber(1, 9), 3)
    .option('--base-port <port>', 'first port for peers and clients', wholeNumber(1, 65_535), 7101)
    .option('--http-base-port <port>', 'first port for HTTP', wholeNumber(1, 65_535), 7201)
    .option('--timeout-s <seconds>', 'how long to wait until the cluster is ready', wholeNumber(1, 3_600), 60)
    .action(async (options: DevOptions) => {
      process.exitCode = await dev(options);
    });
}

async function dev(options: DevOptions): Promise<ExitCode> {
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const folder = resolve(options.folder ?? defaultFolder(process.cwd()));
  const interrupted = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => interrupted.abort(new Error(`interrupted by ${signal}`)));
  }
  say(`Flotilla: starting a local cluster of ${options.nodes} servers; data in ${folder}`);
  const servers = await LocalServers.start({
    ...options,
    folder,
    program: fileURLToPath(new URL('../bin/flotilla.js', import.meta.url)),
    say,
  });
  const deadline = AbortSignal.timeout(options.timeoutS * 1_000);
  try {
    const bar = progressBar('groups ready');
    const states = await servers
      .ready(AbortSignal.any([interrupted.signal, deadline]), (done, total) => bar.at(done, total))
      .finally(() => bar.end());
    printReady(states, servers, say);
  } catch (error) {
    await servers.stop();
    if (interrupted.signal.aborted) {
      say('stopped before the cluster was ready');
      return ExitCode.interrupted;
    }
    const reason = deadline.aborted
      ? `the cluster was not ready within ${options.timeoutS} s; the logs are ${join(folder, 'node-*', 'server.log')}`
      : (error as Error).message;
    process.stderr.write(`flotilla dev: ${reason}\n`);
    return ExitCode.unavailable;
  }
  const allGone = watch(servers, interrupted.signal, say);
  const end = await Promise.race([allGone, aborted(interrupted.signal)]);
  if (end === 'all gone') {
    process.stderr.write('flotilla dev: all servers are gone; their data is kept, start again with the same command\n');
    return ExitCode.unavailable;
  }
  say('stopping …');
  const killed = await servers.stop();
  say(
    killed.length === 0 ? 'stopped; the data is kept' : `stopped; had to kill ${killed.join(', ')}; the data is kept`,
  );
  return killed.length === 0 ? ExitCode.ok : ExitCode.failure;
}

/** Reports servers that die; resolves when none is left. */
async function watch(servers: LocalServers, stopping: AbortSignal, say: (line: string) => void): Promise<'all gone'> {
  await Promise.all(
    servers.processes.map(async (server) => {
      const { code, signal } = await server.ended;
      if (stopping.aborted) return;
      const how = signal !== null ? `by ${signal}` : code !== null ? `with exit code ${code}` : 'how is not known';
      say(
        `\n${server.node.name} (pid ${server.pid}) died ${how}; the others go on. Its log: ${join(server.node.folder, 'server.log')}`,
      );
      say(`Start it again with:  ${typed()} serve --config ${quoted(server.node.config)}`);
      await whileRestarted(server.node, stopping, say);
    }),
  );
  return 'all gone';
}

/** Waits while a server that died is up again because somebody started it by hand. */
async function whileRestarted(
  node: { readonly name: string; readonly http: string },
  stopping: AbortSignal,
  say: (line: string) => void,
): Promise<void> {
  const others = 60_000;
  const until = Date.now() + others;
  let seen = false;
  while (!stopping.aborted && (seen || Date.now() < until)) {
    const up = (await fetchStatus(node)) !== undefined;
    if (up && !seen) say(`${node.name} is back`);
    if (!up && seen) say(`${node.name} is gone again`);
    seen = up;
    await new Promise((wake) => setTimeout(wake, 1_000));
  }
}

function aborted(signal: AbortSignal): Promise<'interrupted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('interrupted');
    signal.addEventListener('abort', () => resolve('interrupted'), { once: true });
  });
}

/** How a person types the command here: what was fetched for this run alone is found under the name of its package only. */
function typed(): string {
  const place = fileURLToPath(import.meta.url);
  if (denoHere() !== undefined && /[\\/](node_modules|npm)[\\/]/.test(place)) return 'deno run -A npm:@flotilla/server';
  return /[\\/]_npx[\\/]/.test(place) ? 'npx @flotilla/server' : 'npx flotilla';
}

function quoted(path: string): string {
  return /^[\w./:\\-]+$/.test(path) ? path : `'${path}'`;
}

function printReady(states: readonly ServerStatus[], servers: LocalServers, say: (line: string) => void): void {
  const nameOf = new Map(states.map((state) => [state.id, state.name]));
  say('');
  say(
    table(
      ['SERVER', 'ID', 'PID', 'PEERS AND CLIENTS', 'HTTP'],
      servers.processes.map((server) => {
        const state = states.find((one) => one.http === server.node.http);
        return [server.node.name, state?.id ?? '-', server.pid, server.node.listen, server.node.http];
      }),
    ),
  );
  const groups = new Map<number, { leader: string; term: number; voters: string; vshards: number }>();
  for (const state of states) {
    for (const group of state.groups) {
      if (group.role !== 'leader') continue;
      const voters = group.voters.map((id) => nameOf.get(id) ?? String(id)).join(' ');
      groups.set(group.group, {
        leader: nameOf.get(state.id) ?? '-',
        term: group.term,
        voters,
        vshards: group.vshardCount,
      });
    }
  }
  const rows = [...groups].sort(([one], [other]) => one - other);
  say(
    table(
      ['GROUP', 'LEADER', 'TERM', 'VSHARDS', 'VOTERS'],
      rows.map(([group, { leader, term, vshards, voters }]) => [
        group === 0 ? '0 (metadata)' : String(group),
        leader,
        term,
        vshards,
        voters,
      ]),
    ),
  );
  say('The cluster is ready. Try, in another terminal:');
  const flotilla = typed();
  for (const line of [
    `${flotilla} kv put greeting hello`,
    `${flotilla} kv get greeting`,
    `${flotilla} status`,
    `kill -9 ${servers.processes[0]?.pid ?? ''}    # one of three may die`,
    `${flotilla} groups`,
  ]) {
    say(`  ${line}`);
  }
  say('Ctrl-C stops the cluster; the data is kept.');
}
