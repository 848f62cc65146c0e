import {
  compareWithThesis,
  type ElectionComparison,
  graphSummary,
  graphTable,
  runFiveNodeGraphs,
  runLinkCuts,
} from '@flotilla/simulator';

const WITHIN_999 = 0.999;

/** All cuts of the links of three machines, and graphs of five: `all` with every leader, and every shape. Resolves with the exit code. */
export async function studyGraphs(extent: 'named' | 'all', seed: number): Promise<number> {
  const leaders = extent === 'all' ? 'all' : 'first';
  const outcomes = [
    ...(await runLinkCuts({ seed, leaders })),
    ...(await runFiveNodeGraphs({ seed, leaders, graphs: extent })),
  ];
  process.stdout.write(`${graphTable(outcomes)}\n${graphSummary(outcomes)}\n`);
  return outcomes.some(({ violation }) => violation !== undefined) ? 1 : 0;
}

/** Times of elections beside the figures of the Raft thesis. Resolves with the exit code. */
export async function studyElections(count: number, seed: number): Promise<number> {
  const comparisons = await compareWithThesis(count, seed);
  for (const comparison of comparisons) process.stdout.write(`${electionRow(comparison)}\n`);
  return comparisons.every(({ agrees }) => agrees) ? 0 : 1;
}

function electionRow({ figure, times, meanDeviation, agrees }: ElectionComparison): string {
  return [
    figure.setup.name,
    `elections ${times.count}`,
    `mean ${times.meanMs.toFixed(1)} ms (thesis ${figure.meanMs}, ${percent(meanDeviation)})`,
    `99.9 % within ${times.quantileMs(WITHIN_999).toFixed(0)} ms (thesis ${figure.within999Ms})`,
    `split votes ${percent(times.splitRate)}`,
    agrees ? 'agrees' : 'differs',
  ].join(' | ');
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
