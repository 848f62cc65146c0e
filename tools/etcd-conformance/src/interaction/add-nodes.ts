import {
  type ConfState,
  EMPTY_SNAPSHOT,
  RawNode,
  type RawNodeConfig,
  type ReadOnlyOption,
  type Snapshot,
  type TraceSink,
} from '@flotilla/raft-core';
import { firstNumber, parseBoolean, parseNumber } from '../datadriven/arguments.js';
import { type Directive, type DirectiveArgument, DirectiveError } from '../datadriven/directive.js';
import { HistoryStorage } from './history-storage.js';
import { InteractionNode } from './node.js';

const ELECTION_TICKS = 3;
const HEARTBEAT_TICKS = 1;
/** In flight to one follower, unless a directive says otherwise: etcd/raft's MaxInt32. */
const MAX_INFLIGHT_MESSAGES = 2 ** 31 - 1;

type NodeOptions = Pick<
  RawNodeConfig,
  | 'maxInflightMessages'
  | 'asyncStorageWrites'
  | 'preVote'
  | 'checkQuorum'
  | 'maxCommittedSizePerReadyBytes'
  | 'disableConfChangeValidation'
  | 'readOnly'
  | 'stepDownOnRemoval'
>;

/** What an `add-nodes` directive asks for. */
export interface AddNodes {
  readonly count: number;
  readonly options: NodeOptions;
  /** The state that all of them start from; undefined for nodes that know nothing, not even their group. */
  readonly start: Snapshot | undefined;
}

/** Parses `add-nodes 3 voters=(1,2,3) learners=(4) index=10 content=text inflight=2 prevote=true …`. */
export function parseAddNodes(directive: Directive): AddNodes {
  const draft = new Draft();
  for (const argument of directive.arguments.slice(1)) draft.take(argument);
  return { count: firstNumber(directive), options: draft.options, start: draft.start() };
}

class Draft {
  options: NodeOptions = {};
  readonly #voters: number[] = [];
  readonly #learners: number[] = [];
  #index = 0;
  #content = '';

  take({ key, values }: DirectiveArgument): void {
    for (const value of values) this.#takeValue(key, value);
  }

  /** Undefined when nothing but options was given. */
  start(): Snapshot | undefined {
    const isBootstrapped =
      this.#voters.length > 0 || this.#learners.length > 0 || this.#index !== 0 || this.#content !== '';
    if (!isBootstrapped) return undefined;
    if (this.#index <= 1) throw new DirectiveError('index must be specified as > 1 due to bootstrap');
    const confState: ConfState = {
      voters: this.#voters,
      learners: this.#learners,
      votersOutgoing: [],
      learnersNext: [],
      autoLeave: false,
    };
    return { index: this.#index, term: 1, confState, data: new TextEncoder().encode(this.#content) };
  }

  #takeValue(key: string, value: string): void {
    switch (key) {
      case 'voters':
        this.#voters.push(parseNumber(value));
        break;
      case 'learners':
        this.#learners.push(parseNumber(value));
        break;
      case 'index':
        this.#index = parseNumber(value);
        break;
      case 'content':
        this.#content = value;
        break;
      default:
        this.options = { ...this.options, ...optionOf(key, value) };
    }
  }
}

/** Words that are no option are passed over, as etcd/raft's harness does. */
function optionOf(key: string, value: string): NodeOptions {
  switch (key) {
    case 'inflight':
      return { maxInflightMessages: parseNumber(value) };
    case 'async-storage-writes':
      return { asyncStorageWrites: parseBoolean(value) };
    case 'prevote':
      return { preVote: parseBoolean(value) };
    case 'checkquorum':
      return { checkQuorum: parseBoolean(value) };
    case 'max-committed-size-per-ready':
      return maxCommittedSize(parseNumber(value));
    case 'disable-conf-change-validation':
      return { disableConfChangeValidation: parseBoolean(value) };
    case 'read-only':
      return { readOnly: readOnlyOption(value) };
    case 'step-down-on-removal':
      return { stepDownOnRemoval: parseBoolean(value) };
    default:
      return {};
  }
}

/** 0 stands for the default: the limit of a message, and there is none. */
function maxCommittedSize(bytes: number): NodeOptions {
  return bytes === 0 ? {} : { maxCommittedSizePerReadyBytes: bytes };
}

function readOnlyOption(value: string): ReadOnlyOption {
  if (value !== 'safe' && value !== 'lease-based') throw new DirectiveError(`invalid read-only option "${value}"`);
  return value;
}

/** Starts a node from what the directive asks for. */
export function createNode(id: number, { options, start }: Omit<AddNodes, 'count'>, trace: TraceSink): InteractionNode {
  const storage = new HistoryStorage();
  if (start !== undefined) storage.applySnapshot(start);
  storage.history.push(start ?? EMPTY_SNAPSHOT);
  const rawNode = new RawNode({
    id,
    electionTicks: ELECTION_TICKS,
    heartbeatTicks: HEARTBEAT_TICKS,
    storage,
    applied: start?.index ?? 0,
    maxSizePerMessageBytes: Infinity,
    maxInflightMessages: MAX_INFLIGHT_MESSAGES,
    electionJitter: () => 0,
    ...options,
    trace,
  });
  const usesAsyncStorageWrites = options.asyncStorageWrites ?? false;
  return new InteractionNode({
    id,
    rawNode,
    storage,
    electionTicks: ELECTION_TICKS,
    heartbeatTicks: HEARTBEAT_TICKS,
    usesAsyncStorageWrites,
  });
}
