import type { GroupSummary, NodeAnswer } from '@flotilla/client';
import { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions, withClient } from '../cli/connection.js';
import { ExitCode } from '../errors/exit-code.js';
import { json, line } from '../output/print.js';
import { table } from '../output/table.js';

const DAY_SECONDS = 86_400;
const REMARK_BEFORE_SECONDS = 30 * DAY_SECONDS;

/** `flotilla status`: every node as it sees itself. Works without any leader, and says so. */
export function statusCommand(): Command {
  return addConnectionOptions(new Command('status'))
    .description('show all nodes, and which groups have no leader')
    .action(async (options: ConnectionOptions) => {
      const { nodes, groups } = await withClient(options, async ({ admin }) => ({
        nodes: await admin.statuses(),
        groups: await admin.groups(),
      }));
      const leaderless = groups.filter((group) => group.leader === undefined).map((group) => group.group);
      if (options.json === true) {
        json({ nodes: nodes.map(nodeJson), groups: groups.map(groupJson), leaderless });
      } else {
        process.stdout.write(nodeTable(nodes, groups));
        line('');
        line(summary(nodes, groups, leaderless));
      }
      if (!nodes.some((node) => node.reachable)) process.exitCode = ExitCode.unavailable;
    });
}

function nodeJson(node: NodeAnswer): Readonly<Record<string, unknown>> {
  if (!node.reachable) {
    return {
      id: node.id,
      address: node.endpoint,
      reachable: false,
      pid: null,
      lifecycle: null,
      error: node.error.message,
    };
  }
  const { report, endpoint } = node;
  return { ...report, address: report.addresses[0] ?? endpoint, reachable: true, pid: report['pid'] ?? null };
}

/** A group for JSON. */
export function groupJson(group: GroupSummary): Readonly<Record<string, unknown>> {
  return { ...group, leader: group.leader ?? null };
}

function nodeTable(nodes: readonly NodeAnswer[], groups: readonly GroupSummary[]): string {
  const rows = nodes.map((node) => {
    if (!node.reachable)
      return [node.id === 0 ? '?' : node.id, '-', node.endpoint, '-', 'unreachable', '-', '-', node.error.code];
    const { report, endpoint } = node;
    const held = groups.filter((group) => group.replicas.some((replica) => replica.node === report.id)).length;
    const led = groups.filter((group) => group.leader === report.id).length;
    const lag = Math.max(0, ...report.groups.map((group) => trail(group.group, group.appliedIndex, groups)));
    const detail = report.lifecycle === 'ready' ? 'ready' : `${report.lifecycle} ${report.lifecycleDetail}`.trim();
    const pid = typeof report['pid'] === 'number' ? report['pid'] : '-';
    return [
      report.id === 0 ? '?' : report.id,
      report.name,
      report.addresses[0] ?? endpoint,
      pid,
      detail,
      `${led}/${held}`,
      lag,
      certificateRemark(report['certificate']),
    ];
  });
  return table(['ID', 'NAME', 'ADDRESS', 'PID', 'LIFECYCLE', 'LEADS/HOLDS', 'TRAILS BY', ''], rows);
}

/** What a person should know of a node's certificate: nothing, while it is good for long. */
function certificateRemark(certificate: unknown): string {
  const seconds = (certificate as { readonly expiresInSeconds?: unknown } | null | undefined)?.expiresInSeconds;
  if (typeof seconds !== 'number' || seconds > REMARK_BEFORE_SECONDS) return '';
  return seconds <= 0 ? 'certificate EXPIRED' : `certificate expires in ${Math.ceil(seconds / DAY_SECONDS)} d`;
}

/** Entries by which a replica trails what its group's leader has committed. */
export function trail(group: number, appliedIndex: number, groups: readonly GroupSummary[]): number {
  const summary = groups.find((one) => one.group === group);
  const commit = Math.max(0, ...(summary?.replicas.map((replica) => replica.commitIndex) ?? []));
  return Math.max(0, commit - appliedIndex);
}

function summary(nodes: readonly NodeAnswer[], groups: readonly GroupSummary[], leaderless: readonly number[]): string {
  const up = nodes.filter((node) => node.reachable).length;
  const reach = `${up} of ${nodes.length} nodes reachable`;
  if (groups.length === 0) return `${reach}; no group is known`;
  if (leaderless.length === 0) return `${reach}; all ${groups.length} groups have a leader`;
  const which =
    leaderless.length === groups.length ? 'no group has a leader' : `no leader: group ${leaderless.join(', ')}`;
  return `${reach}; ${which}: writes and linearizable reads there wait until a majority of its voters is up`;
}
