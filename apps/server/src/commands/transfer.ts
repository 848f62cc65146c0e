import { Command } from 'commander';
import { addConnectionOptions, type ConnectionOptions, withClient } from '../cli/connection.js';
import { wholeNumber } from '../cli/whole-number.js';
import { NotFound } from '../errors/not-found.js';
import { json, line } from '../output/print.js';
import { memberOf } from './members.js';

/** `flotilla transfer GROUP NODE`: hands the leadership of a group to one of its voters. */
export function transferCommand(): Command {
  return addConnectionOptions(
    new Command('transfer')
      .argument('<group>', 'id', wholeNumber(0, Number.MAX_SAFE_INTEGER))
      .argument('<node>', 'id or name'),
  )
    .description('hand the leadership of a group to one of its voters; waits until it leads')
    .action(async (group: number, node: string, options: ConnectionOptions) => {
      await withClient(options, async (client) => {
        const { id } = await memberOf(client, node);
        // Asked first: a group that a node does not know may just be new to it, for which the client waits.
        const groups = (await client.admin.groups()).map((each) => each.group);
        if (!groups.includes(group)) throw new NotFound(`there is no group ${group}; there are ${groups.join(', ')}`);
        await client.admin.transfer(group, id);
        if (options.json === true) json({ group, leader: id });
        else line(`node ${id} leads group ${group}`);
      });
    });
}
