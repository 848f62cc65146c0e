import { Command } from 'commander';
import { withClient } from '../cli/connection.js';
import { textOf } from '../output/bytes-text.js';
import { prevJson } from '../output/pair.js';
import { json, line } from '../output/print.js';
import { addKvOptions, type KvOptions } from './kv-options.js';

interface PutOptions extends KvOptions {
  readonly prevKv?: boolean;
}

/** `flotilla kv put KEY VALUE`; the value `-` is read from standard input. */
export function kvPutCommand(): Command {
  return addKvOptions(new Command('put').argument('<key>').argument('<value>', 'or - to read it from standard input'))
    .description('write a key')
    .option('--prev-kv', 'show the pair as it was before')
    .action(async (key: string, value: string, options: PutOptions) => {
      const bytes = value === '-' ? await standardInput() : value;
      const { group, revision, prevKv } = await withClient(options, async (client) => {
        return await client.put(key, bytes, { keyspace: options.keyspace, prevKv: options.prevKv ?? false });
      });
      if (options.json === true) json({ group, revision, ...prevJson(prevKv) });
      else
        line(
          `OK (revision ${revision} of group ${group})${prevKv === undefined ? '' : `\nbefore: ${textOf(prevKv.value)}`}`,
        );
    });
}

async function standardInput(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
