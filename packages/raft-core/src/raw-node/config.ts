import type { Storage } from '../log/storage.js';
import type { TraceSink } from '../trace/trace-event.js';

/** How a leader proves that it still leads before it answers a read (thesis, section 6.4). */
export type ReadOnlyOption = 'safe' | 'lease-based';

/** Options of one node of one group. Sizes are bytes, times are ticks. Checked in one place, by `resolveConfig`. */
export interface RawNodeConfig {
  /** This node; a positive integer, the same for the life of its log. */
  readonly id: number;
  /** A follower campaigns after `electionTicks + electionJitter(electionTicks)` ticks without a leader. Must exceed `heartbeatTicks`. */
  readonly electionTicks: number;
  /** A leader beats every so many ticks. */
  readonly heartbeatTicks: number;
  /** The stable part of the log. */
  readonly storage: Storage;
  /**
   * The random part of an election timeout: an integer in [0, ticks), asked at each reset of the election clock.
   * The core rolls no dice, so that a run is a function of its inputs.
   */
  readonly electionJitter: (ticks: number) => number;
  /** Last index that the state machine has applied, when the node restarts. Default 0: whatever storage has compacted away. */
  readonly applied?: number;
  /** Whether `Ready` hands out `append` and `apply` works that are answered by stepping their responses. Default false. */
  readonly asyncStorageWrites?: boolean;
  /** Limit of one append message; at least one entry is sent always. 0: one entry a message. Default 1 MiB. */
  readonly maxSizePerMessageBytes?: number;
  /** Limit of committed entries that are handed out and not yet applied; at least one entry is. Default: as for a message. */
  readonly maxCommittedSizePerReadyBytes?: number;
  /** Limit of the payload of entries in a leader's log that are not committed; at least one proposal is taken. Default: none. */
  readonly maxUncommittedSizeBytes?: number;
  /** Append messages on their way to one follower. Default 256. */
  readonly maxInflightMessages?: number;
  /** Payload of append messages on their way to one follower; not below `maxSizePerMessageBytes`. Default: none. */
  readonly maxInflightBytes?: number;
  /** A leader that has not heard of a quorum for an election timeout steps down, and voters that hear of a leader refuse votes. Default false. */
  readonly checkQuorum?: boolean;
  /** Candidates ask first whether they could win (thesis, section 9.6). Default false. */
  readonly preVote?: boolean;
  /** `lease-based` needs `checkQuorum`, and clocks that drift less than the election timeout. Default `safe`. */
  readonly readOnly?: ReadOnlyOption;
  /** Followers refuse proposals instead of sending them to the leader. Default false. */
  readonly disableProposalForwarding?: boolean;
  /** Membership changes enter the log unchecked; for hosts that check for themselves, when applying. Default false. */
  readonly disableConfChangeValidation?: boolean;
  /** A leader that is removed or demoted becomes a follower when it applies that. Default false. */
  readonly stepDownOnRemoval?: boolean;
  /** Told of everything that happens, synchronously. Costs nothing when absent. */
  readonly trace?: TraceSink;
}

/** A configuration with every default filled in. */
export interface ResolvedConfig {
  readonly id: number;
  readonly electionTicks: number;
  readonly heartbeatTicks: number;
  readonly storage: Storage;
  readonly electionJitter: (ticks: number) => number;
  readonly applied: number;
  readonly asyncStorageWrites: boolean;
  readonly maxSizePerMessageBytes: number;
  readonly maxCommittedSizePerReadyBytes: number;
  readonly maxUncommittedSizeBytes: number;
  readonly maxInflightMessages: number;
  readonly maxInflightBytes: number;
  readonly checkQuorum: boolean;
  readonly preVote: boolean;
  readonly readOnly: ReadOnlyOption;
  readonly disableProposalForwarding: boolean;
  readonly disableConfChangeValidation: boolean;
  readonly stepDownOnRemoval: boolean;
  readonly trace: TraceSink | undefined;
}

const DEFAULT_MESSAGE_BYTES = 1024 * 1024;
const DEFAULT_INFLIGHT_MESSAGES = 256;

/**
 * Checks a configuration and fills in the defaults.
 *
 * @throws RangeError naming the option, its value and what is wanted
 */
export function resolveConfig(config: RawNodeConfig): ResolvedConfig {
  const maxSizePerMessageBytes = config.maxSizePerMessageBytes ?? DEFAULT_MESSAGE_BYTES;
  const resolved: ResolvedConfig = {
    id: config.id,
    electionTicks: config.electionTicks,
    heartbeatTicks: config.heartbeatTicks,
    storage: config.storage,
    electionJitter: config.electionJitter,
    applied: config.applied ?? 0,
    asyncStorageWrites: config.asyncStorageWrites ?? false,
    maxSizePerMessageBytes,
    maxCommittedSizePerReadyBytes: config.maxCommittedSizePerReadyBytes ?? Math.max(1, maxSizePerMessageBytes),
    maxUncommittedSizeBytes: config.maxUncommittedSizeBytes ?? Infinity,
    maxInflightMessages: config.maxInflightMessages ?? DEFAULT_INFLIGHT_MESSAGES,
    maxInflightBytes: config.maxInflightBytes ?? Infinity,
    checkQuorum: config.checkQuorum ?? false,
    preVote: config.preVote ?? false,
    readOnly: config.readOnly ?? 'safe',
    disableProposalForwarding: config.disableProposalForwarding ?? false,
    disableConfChangeValidation: config.disableConfChangeValidation ?? false,
    stepDownOnRemoval: config.stepDownOnRemoval ?? false,
    trace: config.trace,
  };
  check(resolved);
  return resolved;
}

function check(config: ResolvedConfig): void {
  integer('id', config.id, 1);
  integer('heartbeatTicks', config.heartbeatTicks, 1);
  integer('electionTicks', config.electionTicks, config.heartbeatTicks + 1);
  integer('applied', config.applied, 0);
  limit('maxSizePerMessageBytes', config.maxSizePerMessageBytes, 0);
  limit('maxCommittedSizePerReadyBytes', config.maxCommittedSizePerReadyBytes, 1);
  limit('maxUncommittedSizeBytes', config.maxUncommittedSizeBytes, 1);
  integer('maxInflightMessages', config.maxInflightMessages, 1);
  limit('maxInflightBytes', config.maxInflightBytes, 1);
  if (config.maxInflightBytes < config.maxSizePerMessageBytes) {
    throw new RangeError(
      `maxInflightBytes is ${config.maxInflightBytes}: it must not be below maxSizePerMessageBytes, ${config.maxSizePerMessageBytes}`,
    );
  }
  if (config.readOnly !== 'safe' && config.readOnly !== 'lease-based') {
    throw new RangeError(`readOnly is ${String(config.readOnly)}: it must be 'safe' or 'lease-based'`);
  }
  if (config.readOnly === 'lease-based' && !config.checkQuorum) {
    throw new RangeError("readOnly is 'lease-based': checkQuorum must be on, or an unseated leader would not notice");
  }
  if (typeof config.electionJitter !== 'function') {
    throw new RangeError('electionJitter must be a function from ticks to an integer in [0, ticks)');
  }
}

function integer(name: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new RangeError(`${name} is ${String(value)}: it must be an integer of at least ${least}`);
  }
}

function limit(name: string, value: number, least: number): void {
  if (value !== Infinity && (!Number.isSafeInteger(value) || value < least)) {
    throw new RangeError(`${name} is ${String(value)}: it must be Infinity, or an integer of at least ${least}`);
  }
}
