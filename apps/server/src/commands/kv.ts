import { Command } from 'commander';
import { kvDeleteCommand } from './kv-delete.js';
import { kvGetCommand } from './kv-get.js';
import { kvPutCommand } from './kv-put.js';
import { kvScanCommand } from './kv-scan.js';
import { kvTxnCommand } from './kv-txn.js';
import { kvWatchCommand } from './kv-watch.js';

/** `flotilla kv`: keys and values. */
export function kvCommand(): Command {
  const command = new Command('kv').description('keys and values');
  for (const child of [
    kvPutCommand(),
    kvGetCommand(),
    kvDeleteCommand(),
    kvScanCommand(),
    kvTxnCommand(),
    kvWatchCommand(),
  ]) {
    command.addCommand(child);
  }
  return command;
}
