import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Proposed } from '../group/completion-sink.js';
import type { WaitOptions } from '../multi-raft/multi-raft.js';
import { encodeMetadataEntry, type MetadataEntry } from './metadata-entry.js';
import { decodeMetadataResult, type MetadataResult } from './metadata-result.js';

/** A command of group 0 that was applied on its leader. */
export interface MetadataProposed {
  /** Group 0's index of the command. */
  readonly index: number;
  readonly term: number;
  /** What the applier returned. */
  readonly result: Uint8Array;
}

/** A command of group 0 with its decoded outcome. */
export interface MetadataOutcome extends MetadataResult {
  readonly index: number;
  readonly term: number;
}

/** How commands of group 0 reach its leader. */
export interface MetadataProposalsOptions {
  /** Whether this node leads group 0 and may act. */
  readonly acting: () => boolean;
  /** Proposes to group 0 on this node and resolves after it was applied. */
  readonly local: (command: Uint8Array, options: WaitOptions) => Promise<Proposed>;
  /** Sends the command to another node, which proposes it if it leads; never further. */
  readonly remote: (node: number, command: Uint8Array, options: WaitOptions) => Promise<MetadataProposed>;
  /** The leader of group 0 as far as it is known; undefined: unknown. */
  readonly leader: () => number | undefined;
  /** What a redirect said. */
  readonly learn: (leader: number) => void;
  readonly nodeId: number;
}

/** Redirects that are followed: the first hint may be stale, the second is the word of a node that was asked. */
const HOPS_MAX = 2;

/** Commits commands of group 0 wherever its leader is, without waiting through an election and without loops. */
export class MetadataProposals {
  readonly #options: MetadataProposalsOptions;

  constructor(options: MetadataProposalsOptions) {
    this.#options = options;
  }

  /** Commits a command and gives its outcome. Rejects with its refusal, NotLeader, NotReady, or an unknown outcome. */
  async propose(entry: MetadataEntry, options: WaitOptions = {}): Promise<MetadataOutcome> {
    const { index, term, result } = await this.proposeEncoded(encodeMetadataEntry(entry), options);
    return { index, term, ...decodeMetadataResult(result) };
  }

  /** The same for a command in its byte form. */
  async proposeEncoded(command: Uint8Array, options: WaitOptions = {}): Promise<MetadataProposed> {
    for (let hop = 1; ; hop++) {
      if (this.#options.acting()) return this.proposeHere(command, options);
      const leader = this.#options.leader();
      if (leader === undefined || leader === this.#options.nodeId) throw noLeader();
      try {
        return await this.#options.remote(leader, command, options);
      } catch (error) {
        if (!isFlotillaError(error, 'NotLeader') || hop === HOPS_MAX) throw error;
        const next = error.details.leader;
        if (next === undefined || next === leader) throw error;
        this.#options.learn(next);
      }
    }
  }

  /** Commits a command that another node sent, if this node leads. */
  async proposeHere(command: Uint8Array, options: WaitOptions = {}): Promise<MetadataProposed> {
    if (!this.#options.acting()) throw this.notLeader();
    const { index, term, result } = await this.#options.local(command, options);
    return { index, term, result };
  }

  /** The redirect of a node that does not lead group 0. */
  notLeader(): FlotillaError {
    const leader = this.#options.leader();
    if (leader === undefined || leader === this.#options.nodeId) return noLeader();
    return new FlotillaError('NotLeader', {
      message: `group 0 is led by node ${leader}`,
      details: { group: 0, leader },
    });
  }
}

function noLeader(): FlotillaError {
  const reason = 'no leader of group 0 is known';
  return new FlotillaError('NotReady', { message: reason, details: { reason } });
}
