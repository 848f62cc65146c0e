import type { GroupSummary } from '@flotilla/client';
import { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions, withClient } from '../cli/connection.js';
import { json } from '../output/print.js';
import { table } from '../output/table.js';
import { groupJson } from './status.js';

/** `flotilla groups`: every group with its leader, its replicas and how far each is. */
export function groupsCommand(): Command {
  return addConnectionOptions(new Command('groups'))
    .description('show all groups')
    .action(async (options: ConnectionOptions) => {
      const groups = await withClient(options, async ({ admin }) => await admin.groups());
      if (options.json === true) json(groups.map(groupJson));
      else process.stdout.write(groupTable(groups));
    });
}

function groupTable(groups: readonly GroupSummary[]): string {
  return table(
    ['GROUP', 'LEADER', 'TERM', 'COMMIT', 'VSHARDS', 'VOTERS', 'LEARNERS', 'TRAILS LEADER BY'],
    groups.map((group) => {
      const commit = Math.max(0, ...group.replicas.map((replica) => replica.commitIndex));
      const trails = group.voters.map((voter) => {
        const replica = group.replicas.find((one) => one.node === voter);
        return `${voter}:${replica === undefined ? '?' : Math.max(0, commit - replica.appliedIndex)}`;
      });
      return [
        group.group,
        group.leader ?? 'none',
        group.term,
        commit,
        group.vshardCount,
        group.voters.join(' '),
        group.learners.join(' '),
        trails.join(' '),
      ];
    }),
  );
}
