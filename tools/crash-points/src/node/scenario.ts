import type { ClusterNodeConfig } from '@flotilla/cluster';
import { CrashCluster, type CrashClusterOptions } from './crash-cluster.js';

/** Something that clusters do, to be crashed at every step of it. */
export interface Scenario {
  /** How it stands on the command line. */
  readonly name: string;
  readonly nodes: number;
  readonly config?: Partial<ClusterNodeConfig>;
  /** Bytes of a value. */
  readonly valueBytes: number;
  /** What leads up to the part that is crashed. */
  prepare(run: CrashCluster): Promise<void>;
  /** The part that is crashed: it goes on whoever crashes in it. */
  body(run: CrashCluster): Promise<void>;
  /** What an operator would still see to after a crash, so that the end is that of `body`. */
  finish?(run: CrashCluster): Promise<void>;
  /** Voters of every group at the end. */
  readonly voters: number;
  /** Machines that were ever let in. */
  readonly members: number;
}

/** A cluster for a scenario, not started. */
export function clusterOf(
  scenario: Scenario,
  seed: number,
  options: Pick<CrashClusterOptions, 'isContinued' | 'tolerated'> = {},
): CrashCluster {
  const { nodes, config = {}, valueBytes } = scenario;
  return new CrashCluster({ seed, nodes, config, valueBytes, ...options });
}
