import { FlotillaError } from '@flotilla/errors';
import { Command } from 'commander';
import { withClient } from '../cli/connection.js';
import { wholeNumber } from '../cli/whole-number.js';
import { ExitCode } from '../errors/exit-code.js';
import { pairJson } from '../output/pair.js';
import { json } from '../output/print.js';
import { addKvReadOptions, type KvReadOptions } from './kv-options.js';

interface GetOptions extends KvReadOptions {
  readonly revision?: number;
}

/** `flotilla kv get KEY`: the value alone, as it is, and a line's end. */
export function kvGetCommand(): Command {
  return addKvReadOptions(new Command('get').argument('<key>'))
    .description('read a key')
    .option('--revision <revision>', 'as of this revision of its group', wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .action(async (key: string, options: GetOptions) => {
      const { keyspace, consistency, revision } = options;
      const pair = await withClient(options, async (client) => {
        return await client.get(key, { keyspace, consistency, ...(revision === undefined ? {} : { revision }) });
      });
      if (pair === undefined) {
        process.stderr.write(`flotilla: the key "${key}" does not exist\n`);
        process.exitCode = ExitCode.notFound;
      } else if (options.json === true) {
        json(pairJson(pair));
      } else {
        process.stdout.write(pair.value);
        process.stdout.write('\n');
      }
    });
}

/** The error for arguments that do not say which keys are meant. */
export function selectorNeeded(): FlotillaError<'InvalidArgument'> {
  const reason = 'name a key, or a range with --prefix or --from';
  return new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'key', reason } });
}
