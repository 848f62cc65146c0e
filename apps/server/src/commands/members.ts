import type { FlotillaClient, MemberReport } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import { Command } from 'commander';
import { certificateFacts, readCertificates } from '../certificates/certificate-facts.js';
import { readText } from '../certificates/certificate-files.js';
import { addConnectionOptions, type ConnectionOptions, interruption, withClient } from '../cli/connection.js';
import { wholeNumber } from '../cli/whole-number.js';
import { NotFound } from '../errors/not-found.js';
import { json, line } from '../output/print.js';
import { progressBar } from '../output/progress.js';
import { table } from '../output/table.js';

const LOOK_MS = 250;

/** `flotilla members`: the cluster's nodes, and changes of them. */
export function membersCommand(): Command {
  const command = new Command('members').description('the nodes of the cluster');
  for (const child of [listCommand(), addCommand(), removeCommand(), replaceCommand(), pinCommand()])
    command.addCommand(child);
  return command;
}

function listCommand(): Command {
  return addConnectionOptions(new Command('list'))
    .description('show all nodes with their replicas')
    .action(async (options: ConnectionOptions) => {
      const members = await withClient(options, async ({ admin }) => await admin.members.list());
      if (options.json === true) json(members);
      else
        process.stdout.write(
          table(
            ['ID', 'NAME', 'STATE', 'ADDRESS', 'VOTER OF', 'LEARNER OF', 'LEADER OF'],
            members.map((member) => [
              member.id,
              member.name,
              member.voter ? member.state : `${member.state}, never votes`,
              member.addresses[0] ?? '-',
              member.voterOf.join(' '),
              member.learnerOf.join(' '),
              member.leaderOf.join(' '),
            ]),
          ),
        );
    });
}

function addCommand(): Command {
  return addConnectionOptions(new Command('add'))
    .description('reserve an id for a new node, and say how to start it')
    .option('--node-id <id>', 'a certain id', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action(async (options: ConnectionOptions & { readonly nodeId?: number }) => {
      const added = await withClient(options, async ({ admin }) => {
        return await admin.members.add(options.nodeId === undefined ? {} : { nodeId: options.nodeId });
      });
      if (options.json === true) json(added);
      else {
        line(`node ${added.nodeId} may join. Start it with a data folder and addresses of its own:`);
        line(
          `  flotilla serve --node-id ${added.nodeId} --seeds ${added.seeds.join(',')} --data-folder <folder> --listen <address> --http <address>`,
        );
      }
    });
}

function removeCommand(): Command {
  return addConnectionOptions(new Command('remove').argument('<node>', 'id or name'))
    .description('move a node’s replicas to others and take it out; waits until it is out')
    .action(async (node: string, options: ConnectionOptions) => {
      await withClient(options, async (client) => {
        const { id } = await memberOf(client, node);
        await followed(client, `removing node ${id}`, id, client.admin.members.remove(id, { signal: interruption() }));
        if (options.json === true) json({ removed: id });
        else line(`node ${id} is out of the cluster; its process may be stopped`);
      });
    });
}

function replaceCommand(): Command {
  return addConnectionOptions(new Command('replace').argument('<old>', 'id or name').argument('<new>', 'id or name'))
    .description('put one node in the place of another; waits until the old one is out')
    .action(async (oldNode: string, newNode: string, options: ConnectionOptions) => {
      await withClient(options, async (client) => {
        const [before, after] = [await memberOf(client, oldNode), await memberOf(client, newNode)];
        const work = client.admin.members.replace(before.id, after.id, { signal: interruption() });
        await followed(client, `replacing node ${before.id} by ${after.id}`, before.id, work);
        if (options.json === true) json({ removed: before.id, by: after.id });
        else line(`node ${after.id} has taken the place of node ${before.id}`);
      });
    });
}

interface PinOptions extends ConnectionOptions {
  readonly add?: readonly string[];
  readonly remove?: readonly string[];
}

function pinCommand(): Command {
  return addConnectionOptions(new Command('pin').argument('<node>', 'id or name'))
    .description('put a key of a node on record, or take one off it: others believe it with these keys only')
    .option('--add <pin|file...>', 'SPKI pins as "flotilla cert show" prints them, or certificates (PEM)')
    .option('--remove <pin|file...>', 'the same; connections that show such a key are broken')
    .action(async (node: string, options: PinOptions) => {
      const add = await Promise.all((options.add ?? []).map(pinOf));
      const remove = await Promise.all((options.remove ?? []).map(pinOf));
      if (add.length + remove.length === 0) throw invalid('pin', 'nothing to change: give --add or --remove');
      await withClient(options, async (client) => {
        const { id } = await memberOf(client, node);
        await client.admin.members.pin(id, { add, remove }, { timeoutMs: options.timeoutMs });
        if (options.json === true) json({ node: id, added: add, removed: remove });
        else {
          for (const pin of add) line(`node ${id} may show the key ${pin}`);
          for (const pin of remove) line(`node ${id} may no longer show the key ${pin}`);
        }
      });
    });
}

/** A pin as given, or that of a certificate's file. */
async function pinOf(text: string): Promise<string> {
  if (/^[0-9a-f]{64}$/i.test(text)) return text.toLowerCase();
  const pem = await readText(text, 'Give a file with a certificate, or 64 hexadecimal digits');
  return certificateFacts(readCertificates(pem, text)[0]).spkiPin;
}

/** A member by id or name. @throws {NotFound} when there is none; {FlotillaError} InvalidArgument when the name is not unique */
export async function memberOf({ admin }: FlotillaClient, idOrName: string): Promise<MemberReport> {
  const members = await admin.members.list();
  const found = members.filter((member) => String(member.id) === idOrName || member.name === idOrName);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  const known = members
    .map((member) => (member.name === '' ? String(member.id) : `${member.id} (${member.name})`))
    .join(', ');
  if (found.length === 0) throw new NotFound(`there is no node "${idOrName}"; there are ${known}`);
  throw invalid('node', `"${idOrName}" names ${found.length} nodes; give the id`);
}

function invalid(argument: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument, reason } });
}

/** Shows, while the work lasts, in how many of its groups a node no longer votes. */
async function followed(client: FlotillaClient, title: string, leaving: number, work: Promise<void>): Promise<void> {
  const bar = progressBar(title);
  let total = 0;
  const look = async (): Promise<void> => {
    const member = (await client.admin.members.list()).find((one) => one.id === leaving);
    const left = (member?.voterOf.length ?? 0) + (member?.learnerOf.length ?? 0);
    total = Math.max(total, left);
    bar.at(total - left, total);
  };
  let done = false;
  const end = (): void => {
    done = true;
  };
  work.then(end, end);
  try {
    while (!done) {
      // What is shown is a courtesy: a list that cannot be had now is asked for again.
      await look().catch(() => undefined);
      await Promise.race([work.then(end, end), new Promise((wake) => setTimeout(wake, LOOK_MS))]);
    }
    await work;
  } finally {
    bar.end();
  }
}
