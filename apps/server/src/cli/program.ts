import { Command } from 'commander';
import { certCommand } from '../commands/cert.js';
import { devCommand } from '../commands/dev.js';
import { groupsCommand } from '../commands/groups.js';
import { kvCommand } from '../commands/kv.js';
import { membersCommand } from '../commands/members.js';
import { serveCommand } from '../commands/serve.js';
import { statusCommand } from '../commands/status.js';
import { transferCommand } from '../commands/transfer.js';
import { ExitCode } from '../errors/exit-code.js';
import { VERSION } from '../serve/version.js';
import { reportError } from './report-error.js';

/** Runs the flotilla command with its arguments; resolves with the exit code. */
export async function runProgram(args: readonly string[]): Promise<ExitCode> {
  const program = new Command('flotilla')
    .description('Multi-Raft: many replicated state machines, one cluster')
    .version(VERSION)
    .addHelpText(
      'after',
      '\nExit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 unavailable, 5 outcome unknown, 6 refused, 7 storage.',
    );
  const commands = [
    serveCommand(),
    devCommand(),
    kvCommand(),
    statusCommand(),
    groupsCommand(),
    membersCommand(),
    transferCommand(),
    certCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  strict(program);
  // The commands set it; nothing else does.
  process.exitCode = ExitCode.ok;
  try {
    await program.parseAsync([...args], { from: 'user' });
    return process.exitCode as ExitCode;
  } catch (error) {
    return reportError(error, (text) => void process.stderr.write(text));
  }
}

/** Wrong usage throws instead of ending the process, names the nearest right word, and shows where the help is. */
function strict(command: Command): void {
  command.exitOverride().showSuggestionAfterError(true).showHelpAfterError('(see --help)').allowExcessArguments(false);
  for (const child of command.commands) strict(child);
}
