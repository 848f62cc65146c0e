import { FlotillaError } from '@flotilla/errors';
import { DEFAULT_GROUP_LIMITS, type GroupLimits } from './group/group-options.js';

/** How a joiner goes on after an attempt that failed. */
export interface JoinRetryConfig {
  /** Attempts before the join fails. */
  readonly maxAttempts: number;
  /** Wait before the last retry; every earlier one is half of the next (ms). */
  readonly maxBackoffMs: number;
}

/** When a group's log is cut behind a snapshot, whichever bound is met first. */
export interface CompactionConfig {
  /** Entries applied since the last snapshot. */
  readonly entries: number;
  /** Bytes of entries applied since the last snapshot. */
  readonly bytes: number;
}

/** What a node is told at start. Everything may be left out but `listen`. */
export interface ClusterNodeConfig {
  /** Id of this node. Left out, group 0 gives one when the node joins, and a founder is node 1. Ignored by a restart, which knows its id. */
  readonly nodeId?: number;
  /** A name for people. */
  readonly nodeName?: string;
  /** URLs to listen on; port 0 takes a free one. A node may listen nowhere: it is then reachable over connections that it opened. */
  readonly listen: readonly string[];
  /** URLs that others dial; left out: what is listened on. */
  readonly advertise?: readonly string[];
  /** URLs of nodes that may found the cluster or know it, this one among them where it may found. */
  readonly seeds?: readonly string[];
  /** Data groups of a cluster that this node founds (default 8). Groups are numbered from 1; group 0 is the metadata group. */
  readonly numGroups?: number;
  /** Voters of each data group of a cluster that this node founds (default 3). */
  readonly replicationFactor?: number;
  /** Whether this node may vote (default true); false: learner of group 0 and of `learnerGroups`, never promoted. */
  readonly voter?: boolean;
  /** Data groups that a node with `voter: false` follows (default none). */
  readonly learnerGroups?: readonly number[];
  /** Found a cluster even if another seed is smaller (default false). The own address must be among the seeds. */
  readonly forceBootstrap?: boolean;
  readonly joinRetry?: Partial<JoinRetryConfig>;
  /** Length of a tick of the loop (default 50 ms). */
  readonly tickMs?: number;
  /** A leader beats this often (default 50 ms). */
  readonly heartbeatMs?: number;
  /** Silence after which a follower campaigns: T, randomised over [T, 2T) (default 500 ms). */
  readonly electionTimeoutMs?: number;
  /** Ask before an election whether it could be won (default true). */
  readonly preVote?: boolean;
  /** A leader steps down when it does not hear from a quorum (default true). */
  readonly checkQuorum?: boolean;
  /**
   * Serve linearizable reads under the leader's lease: linearizable as long as the clocks of all nodes run at rates that differ by no more than a
   * tenth, and go on while a process or machine stands still (default false). Needs checkQuorum. Idle groups then beat on.
   */
  readonly leaseReads?: boolean;
  /** Pieces in which snapshots travel (default 4 MiB). */
  readonly snapshotChunkBytes?: number;
  /** Partial snapshots not touched for so long are removed (default 300,000 ms). */
  readonly orphanPartialMaxAgeMs?: number;
  readonly compaction?: Partial<CompactionConfig>;
  /** Bounds of each group. */
  readonly limits?: Partial<GroupLimits>;
}

/** A configuration with every default filled in and every rule checked. */
export interface CheckedClusterConfig {
  readonly nodeId: number | undefined;
  readonly nodeName: string | undefined;
  readonly listen: readonly string[];
  readonly advertise: readonly string[] | undefined;
  readonly seeds: readonly string[];
  readonly numGroups: number;
  readonly replicationFactor: number;
  readonly voter: boolean;
  readonly learnerGroups: readonly number[];
  readonly forceBootstrap: boolean;
  readonly joinRetry: JoinRetryConfig;
  readonly tickMs: number;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly preVote: boolean;
  readonly checkQuorum: boolean;
  readonly leaseReads: boolean;
  readonly snapshotChunkBytes: number;
  readonly orphanPartialMaxAgeMs: number;
  readonly compaction: CompactionConfig;
  readonly limits: Partial<GroupLimits>;
}

/** Values that hold where the configuration says nothing. */
export const DEFAULT_CLUSTER_CONFIG: Omit<
  CheckedClusterConfig,
  'nodeId' | 'nodeName' | 'listen' | 'advertise' | 'seeds' | 'learnerGroups' | 'limits'
> = {
  numGroups: 8,
  replicationFactor: 3,
  voter: true,
  forceBootstrap: false,
  joinRetry: { maxAttempts: 8, maxBackoffMs: 32_000 },
  tickMs: 50,
  heartbeatMs: 50,
  electionTimeoutMs: 500,
  preVote: true,
  checkQuorum: true,
  leaseReads: false,
  snapshotChunkBytes: 4 * 1024 * 1024,
  orphanPartialMaxAgeMs: 300_000,
  compaction: { entries: 10_000, bytes: 64 * 1024 * 1024 },
};

/** A heartbeat is well below the election timeout when at least this many fit into it. */
export const HEARTBEATS_PER_ELECTION_MIN = 3;

/** Groups of a cluster: group ids and counts stay small integers. */
export const GROUPS_MAX = 1024;

const KEYS: ReadonlySet<string> = new Set<keyof CheckedClusterConfig>([
  'nodeId',
  'nodeName',
  'listen',
  'advertise',
  'seeds',
  'numGroups',
  'replicationFactor',
  'voter',
  'learnerGroups',
  'forceBootstrap',
  'joinRetry',
  'tickMs',
  'heartbeatMs',
  'electionTimeoutMs',
  'preVote',
  'checkQuorum',
  'leaseReads',
  'snapshotChunkBytes',
  'orphanPartialMaxAgeMs',
  'compaction',
  'limits',
]);

/**
 * Fills in defaults and checks every rule; addresses come out in canonical form (`canonical`, which throws for what is no address).
 *
 * @throws InvalidConfig naming the key and the reason, and the nearest key where one is not known.
 */
export function checkClusterConfig(
  config: ClusterNodeConfig,
  canonical: (address: string) => string,
): CheckedClusterConfig {
  for (const key of Object.keys(config)) {
    if (!KEYS.has(key)) refuse(key, `is no key of the configuration (known: ${[...KEYS].join(', ')})`);
  }
  const addresses = (key: string, list: readonly string[]): string[] =>
    list.map((address) => {
      try {
        return canonical(address);
      } catch (error) {
        return refuse(
          key,
          `${JSON.stringify(address)} is no address: ${error instanceof Error ? error.message : 'unknown'}`,
        );
      }
    });
  const joinRetry = { ...DEFAULT_CLUSTER_CONFIG.joinRetry, ...defined(config.joinRetry) };
  const compaction = { ...DEFAULT_CLUSTER_CONFIG.compaction, ...defined(config.compaction) };
  const listen = addresses('listen', config.listen);
  const seeds = [...new Set(addresses('seeds', config.seeds ?? []))];
  const checked: CheckedClusterConfig = {
    nodeId: config.nodeId === undefined ? undefined : integer('nodeId', config.nodeId, 1, Number.MAX_SAFE_INTEGER),
    nodeName: config.nodeName === undefined ? undefined : name(config.nodeName),
    listen,
    advertise: config.advertise === undefined ? undefined : addresses('advertise', config.advertise),
    seeds,
    numGroups: integer('numGroups', config.numGroups ?? DEFAULT_CLUSTER_CONFIG.numGroups, 1, GROUPS_MAX),
    replicationFactor: integer(
      'replicationFactor',
      config.replicationFactor ?? DEFAULT_CLUSTER_CONFIG.replicationFactor,
      1,
      9,
    ),
    voter: boolean('voter', config.voter ?? DEFAULT_CLUSTER_CONFIG.voter),
    learnerGroups: (config.learnerGroups ?? []).map((group) => integer('learnerGroups', group, 1, GROUPS_MAX)),
    forceBootstrap: boolean('forceBootstrap', config.forceBootstrap ?? DEFAULT_CLUSTER_CONFIG.forceBootstrap),
    joinRetry: {
      maxAttempts: integer('joinRetry.maxAttempts', joinRetry.maxAttempts, 1, 32),
      maxBackoffMs: integer('joinRetry.maxBackoffMs', joinRetry.maxBackoffMs, 1, 3_600_000),
    },
    tickMs: integer('tickMs', config.tickMs ?? DEFAULT_CLUSTER_CONFIG.tickMs, 1, 10_000),
    heartbeatMs: integer('heartbeatMs', config.heartbeatMs ?? DEFAULT_CLUSTER_CONFIG.heartbeatMs, 1, 60_000),
    electionTimeoutMs: integer(
      'electionTimeoutMs',
      config.electionTimeoutMs ?? DEFAULT_CLUSTER_CONFIG.electionTimeoutMs,
      1,
      600_000,
    ),
    preVote: boolean('preVote', config.preVote ?? DEFAULT_CLUSTER_CONFIG.preVote),
    checkQuorum: boolean('checkQuorum', config.checkQuorum ?? DEFAULT_CLUSTER_CONFIG.checkQuorum),
    leaseReads: boolean('leaseReads', config.leaseReads ?? DEFAULT_CLUSTER_CONFIG.leaseReads),
    snapshotChunkBytes: integer(
      'snapshotChunkBytes',
      config.snapshotChunkBytes ?? DEFAULT_CLUSTER_CONFIG.snapshotChunkBytes,
      1024,
      64 * 1024 * 1024,
    ),
    orphanPartialMaxAgeMs: integer(
      'orphanPartialMaxAgeMs',
      config.orphanPartialMaxAgeMs ?? DEFAULT_CLUSTER_CONFIG.orphanPartialMaxAgeMs,
      0,
      Number.MAX_SAFE_INTEGER,
    ),
    compaction: {
      entries: integer('compaction.entries', compaction.entries, 1, Number.MAX_SAFE_INTEGER),
      bytes: integer('compaction.bytes', compaction.bytes, 1, Number.MAX_SAFE_INTEGER),
    },
    limits: limits(config.limits),
  };
  checkTiming(checked);
  if (!checked.voter && checked.forceBootstrap)
    refuse('forceBootstrap', 'a node with voter false cannot found a cluster');
  if (checked.voter && checked.learnerGroups.length > 0) {
    refuse('learnerGroups', 'only a node with voter false names the groups that it follows');
  }
  if (checked.leaseReads && !checked.checkQuorum)
    refuse('leaseReads', 'needs checkQuorum, else a leader could outlive its lease');
  return checked;
}

function checkTiming(config: CheckedClusterConfig): void {
  const { tickMs, heartbeatMs, electionTimeoutMs } = config;
  if (heartbeatMs % tickMs !== 0) refuse('heartbeatMs', `${heartbeatMs} ms is no multiple of tickMs, ${tickMs} ms`);
  if (electionTimeoutMs % tickMs !== 0) {
    refuse('electionTimeoutMs', `${electionTimeoutMs} ms is no multiple of tickMs, ${tickMs} ms`);
  }
  if (heartbeatMs * HEARTBEATS_PER_ELECTION_MIN > electionTimeoutMs) {
    refuse(
      'heartbeatMs',
      `${heartbeatMs} ms is not well below electionTimeoutMs, ${electionTimeoutMs} ms: at least ${HEARTBEATS_PER_ELECTION_MIN} heartbeats must fit into it`,
    );
  }
}

function limits(given: Partial<GroupLimits> | undefined): Partial<GroupLimits> {
  const checked = defined(given);
  for (const [key, value] of Object.entries(checked)) {
    if (!Object.hasOwn(DEFAULT_GROUP_LIMITS, key)) refuse(`limits.${key}`, 'is no limit');
    integer(`limits.${key}`, value, 1, Number.MAX_SAFE_INTEGER);
  }
  return checked;
}

/** The object without keys whose value is undefined, so that these do not hide defaults. */
function defined<T extends object>(given: T | undefined): Partial<T> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function integer(key: string, value: unknown, minimum: number, maximum: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return refuse(key, `${String(value)} is no integer`);
  if (value < minimum || value > maximum) return refuse(key, `${value} is not in ${minimum}..${maximum}`);
  return value;
}

function boolean(key: string, value: unknown): boolean {
  return typeof value === 'boolean' ? value : refuse(key, `${String(value)} is neither true nor false`);
}

/** Bytes of a node's name. */
const NAME_CHARACTERS_MAX = 128;

function name(value: unknown): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > NAME_CHARACTERS_MAX) {
    return refuse('nodeName', `must be a text of 1 to ${NAME_CHARACTERS_MAX} characters`);
  }
  return value;
}

function refuse(key: string, reason: string): never {
  throw new FlotillaError('InvalidConfig', { message: `${key}: ${reason}`, details: { key, reason } });
}
