import type { TxnOpResult } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';
import { Command } from 'commander';
import { withClient } from '../cli/connection.js';
import { textOf } from '../output/bytes-text.js';
import { pairJson, prevJson } from '../output/pair.js';
import { json, line } from '../output/print.js';
import { addKvOptions, type KvOptions } from './kv-options.js';
import { parseCondition, parseOperation } from './txn-text.js';

interface TxnOptions extends KvOptions {
  readonly if?: readonly string[];
  readonly then?: readonly string[];
  readonly else?: readonly string[];
}

/** `flotilla kv txn --if … --then … --else …`: one atomic step on keys that live together. */
export function kvTxnCommand(): Command {
  return addKvOptions(new Command('txn'))
    .description(
      'compare and write in one step; the keys must share a vShard: give them one hash tag, such as {user:7}/name',
    )
    .option('--if <conditions...>', 'KEY exists | KEY missing | KEY version|create|mod|value =|!=|>|< OPERAND')
    .option('--then <operations...>', 'done if all conditions hold: put KEY VALUE | get KEY | del KEY')
    .option('--else <operations...>', 'done otherwise')
    .addHelpText(
      'after',
      `\nExample: flotilla kv txn --if '{user:7}/name missing' --then 'put {user:7}/name "Ada L."' --else 'get {user:7}/name'`,
    )
    .action(async (options: TxnOptions) => {
      const spec = {
        compares: (options.if ?? []).map(parseCondition),
        success: (options.then ?? []).map(parseOperation),
        failure: (options.else ?? []).map(parseOperation),
      };
      if (spec.success.length + spec.failure.length === 0) {
        const reason = 'a transaction needs at least one operation: --then or --else';
        throw new FlotillaError('InvalidArgument', { message: reason, details: { argument: 'then', reason } });
      }
      const result = await withClient(
        options,
        async (client) => await client.txn(spec, { keyspace: options.keyspace }),
      );
      const { group, revision, succeeded, results } = result;
      if (options.json === true) json({ succeeded, group, revision, results: results.map(resultJson) });
      else {
        line(`${succeeded ? 'then' : 'else'} (revision ${revision} of group ${group})`);
        for (const one of results) line(`  ${resultText(one)}`);
      }
    });
}

function resultJson(result: TxnOpResult): Readonly<Record<string, unknown>> {
  switch (result.kind) {
    case 'put':
      return { kind: 'put', ...prevJson(result.prevKv) };
    case 'range':
      return { kind: 'get', kvs: result.kvs.map(pairJson), count: result.count };
    case 'delete':
      return { kind: 'del', deleted: result.deleted };
    case 'txn':
      return { kind: 'txn', succeeded: result.succeeded, results: result.results.map(resultJson) };
  }
}

function resultText(result: TxnOpResult): string {
  switch (result.kind) {
    case 'put':
      return 'put';
    case 'range':
      return result.kvs.length === 0
        ? 'get: does not exist'
        : result.kvs.map((pair) => `get: ${textOf(pair.key)} = ${textOf(pair.value)}`).join('\n  ');
    case 'delete':
      return `del: ${result.deleted} deleted`;
    case 'txn':
      return `txn: ${result.succeeded ? 'then' : 'else'}`;
  }
}
