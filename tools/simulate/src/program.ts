import { isFlotillaError } from '@flotilla/errors';
import { Command, CommanderError } from 'commander';
import { simulateCommand } from './simulate-command.js';
import { tortureCommand } from './torture-command.js';
import { workerCommand } from './torture-worker.js';

const USAGE = 2;

/** Runs the command with its arguments; resolves with the exit code: 0 all is well, 1 a violation, 2 wrong usage. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const program = new Command('simulate')
    .description('Deterministic simulation of whole Flotilla clusters')
    .addCommand(simulateCommand(), { isDefault: true })
    .addCommand(tortureCommand())
    .addCommand(workerCommand(), { hidden: true });
  strict(program);
  process.exitCode = 0;
  try {
    await program.parseAsync([...args], { from: 'user' });
    return process.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
    if (!isFlotillaError(error)) throw error;
    process.stderr.write(`error: ${error.message}\n`);
    return USAGE;
  }
}

/** Wrong usage throws instead of ending the process, and shows where the help is. */
function strict(command: Command): void {
  command.exitOverride().showSuggestionAfterError(true).showHelpAfterError('(see --help)').allowExcessArguments(false);
  for (const child of command.commands) strict(child);
}
