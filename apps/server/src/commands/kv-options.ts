import type { Consistency } from '@flotilla/client';
import { type Command, Option } from 'commander';
import { addConnectionOptions, type ConnectionOptions } from '../cli/connection.js';
import { wholeNumber } from '../cli/whole-number.js';

/** Options of every command on keys. */
export interface KvOptions extends ConnectionOptions {
  readonly keyspace: number;
}

/** Options of every command that reads keys. */
export interface KvReadOptions extends KvOptions {
  readonly consistency: Consistency;
}

/** Adds the options of {@link KvOptions}. */
export function addKvOptions(command: Command): Command {
  return addConnectionOptions(command).addOption(
    new Option('--keyspace <id>', '0: spread over all groups; any other: one group, named by its lowest 20 bits')
      .argParser(wholeNumber(0, 2 ** 44 - 1))
      .default(0),
  );
}

/** Adds the options of {@link KvReadOptions}. */
export function addKvReadOptions(command: Command): Command {
  return addKvOptions(command).addOption(
    new Option('--consistency <how>', 'how fresh')
      .choices(['linearizable', 'follower', 'stale'])
      .default('linearizable'),
  );
}
