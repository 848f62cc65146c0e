import { METADATA_GROUP } from '@flotilla/routing';
import type { Proposed } from '../group/completion-sink.js';
import type { WaitOptions } from '../multi-raft/multi-raft.js';
import { encodeMetadataEntry, type MetadataEntry } from './metadata-entry.js';
import { decodeMetadataResult, type MetadataResult } from './metadata-result.js';
import { type LeaderFinder, redirect, throughLeader, type WaysToLeader } from './through-leader.js';

/** A command of group 0 that was applied on its leader. */
export interface MetadataProposed {
  /** Group 0's index of the command. */
  readonly index: number;
  readonly term: number;
  /** What its state machine returned. */
  readonly result: Uint8Array;
}

/** A command of group 0 with its decoded outcome. */
export interface MetadataOutcome extends MetadataResult {
  readonly index: number;
  readonly term: number;
}

/** How commands of group 0 reach its leader. */
export interface MetadataProposalsOptions {
  readonly finder: LeaderFinder;
  /** Whether this node leads group 0 and may act. */
  readonly acting: () => boolean;
  /** Proposes to group 0 on this node and resolves after it was applied. */
  readonly local: (command: Uint8Array, options: WaitOptions) => Promise<Proposed>;
  /** Sends the command to another node, which proposes it if it leads; never further. */
  readonly remote: (node: number, command: Uint8Array, options: WaitOptions) => Promise<MetadataProposed>;
  /** Sends the command to another node, which proposes it or sends it to the leader; never further. */
  readonly forwarded: (node: number, command: Uint8Array, options: WaitOptions) => Promise<MetadataProposed>;
}

/** Commits commands of group 0 wherever its leader is, without waiting through an election and without loops. */
export class MetadataProposals {
  readonly #options: MetadataProposalsOptions;

  constructor(options: MetadataProposalsOptions) {
    this.#options = options;
  }

  /** Commits a command and gives its outcome. Rejects with its refusal, NotLeader, NotReady, or an unknown outcome. */
  async propose(entry: MetadataEntry, options: WaitOptions = {}): Promise<MetadataOutcome> {
    const command = encodeMetadataEntry(entry);
    const { index, term, result } = await throughLeader(this.#options.finder, METADATA_GROUP, {
      ...this.#ways(command, options),
      forwarded: (node) => this.#options.forwarded(node, command, options),
    });
    return { index, term, ...decodeMetadataResult(result) };
  }

  /** Commits a command in its byte form, if this node leads; else rejects with a redirect. */
  async proposeHere(command: Uint8Array, options: WaitOptions = {}): Promise<MetadataProposed> {
    if (!this.#options.acting()) throw redirect(this.#options.finder);
    const { index, term, result } = await this.#options.local(command, options);
    return { index, term, result };
  }

  /** Commits a command that another member could not bring to the leader: here, or there; it is not passed on once more. */
  async forward(command: Uint8Array, options: WaitOptions = {}): Promise<MetadataProposed> {
    return throughLeader(this.#options.finder, METADATA_GROUP, this.#ways(command, options));
  }

  #ways(command: Uint8Array, options: WaitOptions): WaysToLeader<MetadataProposed> {
    return {
      here: () => this.proposeHere(command, options),
      there: (node) => this.#options.remote(node, command, options),
    };
  }
}
