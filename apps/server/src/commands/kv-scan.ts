import { Command } from 'commander';
import { withClient } from '../cli/connection.js';
import { wholeNumber } from '../cli/whole-number.js';
import { textOf } from '../output/bytes-text.js';
import { pairJson } from '../output/pair.js';
import { json, line } from '../output/print.js';
import { addKvReadOptions, type KvReadOptions } from './kv-options.js';

interface ScanOptions extends KvReadOptions {
  readonly from?: string;
  readonly end?: string;
  readonly limit?: number;
  readonly keysOnly?: boolean;
  readonly countOnly?: boolean;
  readonly reverse?: boolean;
}

/** `flotilla kv scan [PREFIX]`: pairs in order of keys, of all groups. */
export function kvScanCommand(): Command {
  return addKvReadOptions(new Command('scan').argument('[prefix]', 'keys that begin so (default: all keys)'))
    .description('read keys in order: a line a pair, key and value with a tab between them')
    .option('--from <key>', 'from this key on')
    .option('--end <key>', 'with --from: up to this key, without it')
    .option('--limit <count>', 'at most so many', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option('--keys-only', 'without values')
    .option('--count-only', 'only how many there are')
    .option('--reverse', 'from the last key to the first')
    .action(async (prefix: string | undefined, options: ScanOptions) => {
      await withClient(options, async (client) => {
        const { keyspace, consistency } = options;
        const selector =
          options.from === undefined
            ? { prefix: prefix ?? '' }
            : options.end === undefined
              ? { from: options.from }
              : { key: options.from, end: options.end };
        if (options.countOnly === true) {
          const { count } = await client.range(selector, { keyspace, consistency, countOnly: true });
          if (options.json === true) json({ count });
          else line(String(count));
          return;
        }
        let left = options.limit ?? Number.POSITIVE_INFINITY;
        const keysOnly = options.keysOnly ?? false;
        const scan = client.scan(selector, {
          keyspace,
          consistency,
          keysOnly,
          sortOrder: options.reverse === true ? 'descend' : 'ascend',
        });
        for await (const pair of scan) {
          if (options.json === true) json(pairJson(pair));
          else line(keysOnly ? textOf(pair.key) : `${textOf(pair.key)}\t${textOf(pair.value)}`);
          left -= 1;
          if (left === 0) break;
        }
      });
    });
}
