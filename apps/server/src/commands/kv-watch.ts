import { isFlotillaError } from '@flotilla/errors';
import { Command } from 'commander';
import { interruption, withClient } from '../cli/connection.js';
import { wholeNumber } from '../cli/whole-number.js';
import { textOf } from '../output/bytes-text.js';
import { pairJson, prevJson } from '../output/pair.js';
import { json, line } from '../output/print.js';
import { selectorOf } from './kv-delete.js';
import { addKvOptions, type KvOptions } from './kv-options.js';

interface WatchOptions extends KvOptions {
  readonly prefix?: string;
  readonly from?: string;
  readonly startRevision?: number;
  readonly cursor?: string;
  readonly prevKv?: boolean;
  readonly count?: number;
}

/** `flotilla kv watch`: changes as they happen, until interrupted. */
export function kvWatchCommand(): Command {
  return addKvOptions(new Command('watch').argument('[key]').argument('[end]', 'watches [key, end)'))
    .description('follow changes of a key or a range until interrupted')
    .option('--prefix <prefix>', 'all keys that begin so')
    .option('--from <key>', 'all keys from this one on')
    .option(
      '--start-revision <revision>',
      'from this revision on; for keys of one group',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    )
    .option('--cursor <cursor>', 'from where another watch ended, as it said on standard error')
    .option('--prev-kv', 'show the pairs as they were before')
    .option('--count <events>', 'end after so many events', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action(async (key: string | undefined, end: string | undefined, options: WatchOptions) => {
      const selector = selectorOf(key, end, options);
      await withClient(options, async (client) => {
        const watch = client.watch(selector, {
          keyspace: options.keyspace,
          prevKv: options.prevKv ?? false,
          signal: interruption(),
          ...(options.startRevision === undefined ? {} : { startRevision: options.startRevision }),
          ...(options.cursor === undefined ? {} : { cursor: options.cursor }),
        });
        await using _watch = watch;
        let left = options.count ?? Number.POSITIVE_INFINITY;
        try {
          await watch.started;
          process.stderr.write('watching; Ctrl-C ends it\n');
          for await (const batch of watch) {
            for (const event of batch.events) {
              if (options.json === true)
                json({ type: event.type, group: batch.group, kv: pairJson(event.kv), ...prevJson(event.prevKv) });
              else
                line(
                  event.type === 'put'
                    ? `PUT    ${textOf(event.kv.key)}\t${textOf(event.kv.value)}`
                    : `DELETE ${textOf(event.kv.key)}`,
                );
              left -= 1;
            }
            if (left <= 0) break;
          }
        } catch (error) {
          if (!isFlotillaError(error, 'Aborted')) throw error;
        }
        if (watch.cursor !== undefined) process.stderr.write(`go on with --cursor ${watch.cursor}\n`);
      });
    });
}
