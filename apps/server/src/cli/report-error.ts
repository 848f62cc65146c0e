import { isFlotillaError } from '@flotilla/errors';
import { CommanderError } from 'commander';
import { isNotCapable } from '../deno/deno.js';
import { ExitCode, exitCodeOf } from '../errors/exit-code.js';
import { NotFound } from '../errors/not-found.js';

/** Says on standard error what went wrong and whether anything was applied; returns the exit code. Stacks are for bugs of ours only. */
export function reportError(error: unknown, write: (text: string) => void): ExitCode {
  if (error instanceof CommanderError) {
    // commander has said it already.
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
  if (isFlotillaError(error)) {
    write(`flotilla: ${error.message}\n`);
    if (error.outcome === 'unknown') write('It may or may not have been applied.\n');
    return exitCodeOf(error);
  }
  if (error instanceof NotFound) {
    write(`flotilla: ${error.message}\n`);
    return exitCodeOf(error);
  }
  if (isNotCapable(error)) {
    write(`flotilla: Deno was started without a permission that this needs: ${error.message}\n`);
    return ExitCode.usage;
  }
  write(`flotilla: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return ExitCode.failure;
}
