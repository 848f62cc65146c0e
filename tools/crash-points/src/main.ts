import { Command, InvalidArgumentError, Option } from 'commander';
import { crashPoints, scenarioNamed } from './crash-points.js';
import { replay, type ReplayOptions } from './replay.js';
import { type Layer, Tally } from './report/tally.js';
import { SIZES } from './size.js';

const LAYERS: readonly Layer[] = ['storage', 'flips', 'node'];

interface CommandLine extends Omit<ReplayOptions, 'layer'> {
  readonly quick?: true;
  readonly full?: true;
  readonly only?: Layer;
}

const command = new Command('crash-points')
  .description(
    'Crashes replicas at every storage call, and flips every byte of their files; all must recover, or refuse.',
  )
  .option('--quick', 'a sample, in seconds')
  .option('--full', 'all that can be enumerated, in hours')
  .option('--seed <number>', 'decides what is sampled, and all chance', wholeNumber, 1)
  .addOption(new Option('--only <layer>', 'one layer').choices(LAYERS))
  .option('--scenario <name>', 'one scenario of the node layer')
  .optionsGroup('One state again, as a failure prints it:')
  .option('--rounds <number>', 'of the script of the storage layer', wholeNumber)
  .option('--node <name>', 'the machine that crashes, or all')
  .option('--call <number>', 'the call of its disk at which it does')
  .option('--event <number>', 'the event at which it does')
  .option('--when <moment>', 'before, during or after')
  .option('--choices <list>', 'what survives: none, all, process, or outcomes such as 0,1,1')
  .option('--second <number>', 'it crashes again so many calls later, while it recovers', wholeNumber)
  .option('--replica <name>', 'the folder that is damaged')
  .option('--damage <name>', 'the damage, such as flip:log-0/segment-000001:512:4');

process.exitCode = await main(command.parse().opts<CommandLine>());

/** Returns the exit code: 1 when anything was not recovered, 2 for options that name nothing. */
async function main(options: CommandLine): Promise<number> {
  const { seed, only } = options;
  const tally = new Tally((line) => console.log(line));
  try {
    if ((options.call ?? options.event ?? options.damage) !== undefined) {
      if (only === undefined) throw new RangeError('--only is needed to try one state again');
      await replay({ ...options, layer: only }, tally);
    } else {
      const size = SIZES[options.quick === true ? 'quick' : options.full === true ? 'full' : 'default'];
      const scenarios = options.scenario === undefined ? {} : { scenarios: [scenarioNamed(options.scenario)] };
      await crashPoints({ seed, size, layers: only === undefined ? LAYERS : [only], ...scenarios }, tally);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message);
    return 2;
  }
  for (const line of tally.report()) console.log(line);
  console.log(tally.summary());
  return tally.unrecovered.length > 0 ? 1 : 0;
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('It must be a number from 0 on.');
  return number;
}
