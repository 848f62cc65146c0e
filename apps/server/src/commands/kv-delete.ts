import type { KeySelector } from '@flotilla/client';
import { Command } from 'commander';
import { withClient } from '../cli/connection.js';
import { pairJson } from '../output/pair.js';
import { json, line } from '../output/print.js';
import { selectorNeeded } from './kv-get.js';
import { addKvOptions, type KvOptions } from './kv-options.js';

interface DeleteOptions extends KvOptions {
  readonly prefix?: string;
  readonly from?: string;
  readonly prevKv?: boolean;
}

/** `flotilla kv del`: a key, a range, a prefix. */
export function kvDeleteCommand(): Command {
  return addKvOptions(new Command('del').argument('[key]').argument('[end]', 'deletes [key, end)'))
    .description('delete a key or a range; says how many keys existed')
    .option('--prefix <prefix>', 'all keys that begin so')
    .option('--from <key>', 'all keys from this one on')
    .option('--prev-kv', 'show the pairs as they were before')
    .action(async (key: string | undefined, end: string | undefined, options: DeleteOptions) => {
      const selector = selectorOf(key, end, options);
      const { deleted, prevKvs } = await withClient(options, async (client) => {
        return await client.delete(selector, { keyspace: options.keyspace, prevKv: options.prevKv ?? false });
      });
      if (options.json === true)
        json({ deleted, ...(options.prevKv === true ? { prevKvs: prevKvs.map(pairJson) } : {}) });
      else {
        line(`deleted ${deleted}`);
        for (const pair of prevKvs) line(JSON.stringify(pairJson(pair)));
      }
    });
}

/** The keys that the arguments mean. @throws InvalidArgument when they mean none, or two things */
export function selectorOf(
  key: string | undefined,
  end: string | undefined,
  { prefix, from }: { readonly prefix?: string; readonly from?: string },
): KeySelector {
  const named = [key, prefix, from].filter((one) => one !== undefined);
  if (named.length !== 1) throw selectorNeeded();
  if (prefix !== undefined) return { prefix };
  if (from !== undefined) return { from };
  // One of the three is there, and it is not the other two.
  const only = key as string;
  return end === undefined ? only : { key: only, end };
}
