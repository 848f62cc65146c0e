import type { SimulationResult } from '../simulation.js';
import type { StoryLine } from './story.js';

/** Width of the columns before the last, in characters. */
const TIME_WIDTH = 12;
const NODE_WIDTH = 6;
const GROUP_WIDTH = 6;
/** Lines before the last of a story that are shown: what led to a violation stands at its end. Faults are always shown. */
const LINES_MAX = 150;

/** The story of a run in fixed columns (virtual ms, machine, group, what), and below it what was violated and how to see it again. */
export function storyText(result: SimulationResult): string {
  const { plan, violation, story } = result;
  const lines = [header(plan.nodes, result), row('ms', 'node', 'group', 'what')];
  const shown = story.filter((line, at) => line.isFault === true || at >= story.length - LINES_MAX);
  if (shown.length < story.length) lines.push(row('', '', '', `(${story.length - shown.length} lines left out)`));
  lines.push(...shown.map(lineText));
  if (violation !== undefined)
    lines.push(`violated: ${violation.invariant} at ${violation.atMs.toFixed(1)} ms: ${violation.message}`);
  lines.push(`hash ${result.hash}`);
  return lines.join('\n');
}

function header(nodes: number, { plan }: SimulationResult): string {
  const { config, latency, diskLatency, mode, seed } = plan;
  return [
    `seed ${seed}: ${mode}, ${nodes} machines, ${config.numGroups ?? 0} data groups of ${config.replicationFactor ?? 0}`,
    `tick ${config.tickMs} ms, heartbeat ${config.heartbeatMs} ms, election ${config.electionTimeoutMs} ms`,
    `compaction after ${config.compaction?.entries} entries, network ${latency.kind}, disk ${diskLatency.kind}`,
    `${plan.actions.length} faults`,
  ].join('; ');
}

function lineText({ atMs, node, group, what }: StoryLine): string {
  return row(atMs.toFixed(1), node, group === undefined ? '' : `${group}`, what);
}

function row(time: string, node: string, group: string, what: string): string {
  return `${time.padStart(TIME_WIDTH)}  ${node.padEnd(NODE_WIDTH)} ${group.padEnd(GROUP_WIDTH)} ${what}`;
}

/** Arguments with which the command line replays the run, such as `--seed 7 --only 3,12`. */
export function replayArguments({ plan }: SimulationResult): string {
  const all = plan.actions.length === plan.drawn;
  const numbers = plan.actions.map(({ number }) => number);
  return `--seed ${plan.seed}${all ? '' : ` --only ${numbers.length === 0 ? 'none' : numbers.join(',')}`}`;
}
