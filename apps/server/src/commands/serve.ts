import { Command, Option } from 'commander';
import { isFlotillaError } from '@flotilla/errors';
import { loadSettings } from '../config/load-settings.js';
import { denoHere } from '../deno/deno.js';
import { visibleEnvironment } from '../deno/environment.js';
import { OTHER_VARIABLES, SERVE_SETTINGS } from '../config/serve-settings.js';
import { flagOf, type Setting, variableOf } from '../config/setting.js';
import { ExitCode, exitCodeOf } from '../errors/exit-code.js';
import { serveConfig } from '../serve/node-config.js';
import { startServer } from '../serve/serve.js';

/** `flotilla serve`: one server, in the foreground, until SIGINT or SIGTERM. */
export function serveCommand(): Command {
  const command = new Command('serve')
    .description('run one server until it is interrupted')
    .option('--config <file>', 'JSON file with settings (or FLOTILLA_CONFIG)')
    .option('--print-config', 'print each setting, its value and where it came from, and end');
  for (const setting of SERVE_SETTINGS) command.addOption(optionOf(setting));
  return command.action(async (options: Record<string, string | boolean | undefined>) => {
    process.exitCode = await serve(options);
  });
}

function optionOf(setting: Setting): Option {
  const fallback = setting.default === undefined ? '' : `; default ${JSON.stringify(setting.default)}`;
  const value =
    setting.kind === 'boolean' ? ' [true|false]' : setting.kind === 'list' ? ' <a,b,…>' : ` <${setting.kind}>`;
  return new Option(
    `${flagOf(setting.name)}${value}`,
    `${setting.description} (${variableOf(setting.name)}${fallback})`,
  );
}

async function serve(options: Record<string, string | boolean | undefined>): Promise<ExitCode> {
  const flags = new Map(
    Object.entries(options).filter((entry): entry is [string, string | boolean] => entry[1] !== undefined),
  );
  const names = [...SERVE_SETTINGS.map((setting) => variableOf(setting.name)), ...OTHER_VARIABLES];
  const environment = visibleEnvironment(process.env, names, denoHere());
  const file = (options['config'] as string | undefined) ?? environment['FLOTILLA_CONFIG'];
  flags.delete('config');
  flags.delete('printConfig');
  const loaded = await loadSettings({
    settings: SERVE_SETTINGS,
    flags,
    environment,
    file,
    otherVariables: OTHER_VARIABLES,
  });
  const config = serveConfig(loaded.values);
  if (options['printConfig'] === true) {
    for (const { name } of SERVE_SETTINGS) {
      process.stdout.write(
        `${name} = ${JSON.stringify(loaded.values.get(name) ?? null)}  (${loaded.sources.get(name) ?? 'not set'})\n`,
      );
    }
    return ExitCode.ok;
  }
  // Heard from here on: who interrupts a start has the server stopped in good order, as soon as there is one.
  const interrupted = new Promise<'interrupted'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
  const server = await startServer(config, (line) => void process.stderr.write(line));
  // The signal by which servers are told to look again; without certificates it ends the process, as it does any other.
  if (config.tls !== undefined) process.on('SIGHUP', () => void server.reloadCertificates());
  const end = await Promise.race([interrupted, server.failed]);
  await server.stop();
  if (end === 'interrupted') return ExitCode.ok;
  process.stderr.write(`flotilla serve: ${end.message}\n`);
  return isFlotillaError(end) ? exitCodeOf(end) : ExitCode.failure;
}
