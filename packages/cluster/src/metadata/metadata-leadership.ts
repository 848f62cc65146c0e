import type { ErrorCode, FlotillaError } from '@flotilla/errors';
import { Role } from '@flotilla/raft-core';
import type { Runtime } from '@flotilla/runtime';
import type { ProposalSink } from '../group/completion-sink.js';
import type { LeaderChange } from '../group/group-status.js';
import type { EpochEvent } from './epoch-event.js';
import { encodeMetadataEntry, type MetadataEntry } from './metadata-entry.js';
import type { MetadataState } from './metadata-state.js';

/** What leading group 0 needs of its node. */
export interface MetadataLeadershipOptions {
  readonly nodeId: number;
  readonly runtime: Runtime;
  /** Proposes to group 0 on this node. */
  readonly submit: (command: Uint8Array, sink: ProposalSink, slot: number) => void;
  readonly state: () => MetadataState;
  /** What this node founds the cluster with, where it does; proposed until the state has it. */
  readonly founding: (MetadataEntry & { readonly kind: 'found' }) | undefined;
  /** This node leads, and its bump and the founding are applied: it may act; or it no longer leads. */
  readonly acting: (acting: boolean) => void;
  readonly onEvent: (event: EpochEvent) => void;
}

/** Wait before a first command that was refused is proposed again (ms). */
const RETRY_MS = 50;
/** Refusals after which the group never takes a command again in this life of the node: who asks on keeps a stopped process alive. */
const FINAL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'Shutdown',
  'GroupStopped',
  'GroupNotFound',
  'StorageFailed',
  'StorageCorrupt',
]);

/**
 * What this node does as leader of group 0 before anything else: it commits an epoch bump as its first command, in the turn in which it
 * was elected, so that every later command of its term stands behind it; a founder then commits what it founds the cluster with.
 */
export class MetadataLeadership {
  readonly #options: MetadataLeadershipOptions;
  readonly #bumped: ProposalSink;
  readonly #founded: ProposalSink;
  /** The term in which this node leads; 0: it does not. Slots of proposals are terms, so that late outcomes are told apart. */
  #term = 0;
  #acting = false;

  constructor(options: MetadataLeadershipOptions) {
    this.#options = options;
    const failed = (term: number, error: FlotillaError): void => this.#retry(term, error);
    this.#bumped = { applied: (term) => this.#onBumped(term), failed };
    this.#founded = { applied: (term) => this.#onFounded(term), failed };
  }

  /** Whether this node leads group 0, and its bump and the founding are applied. */
  get acting(): boolean {
    return this.#acting;
  }

  /** Leader, term or role of group 0 changed on this node. */
  leaderChanged(change: LeaderChange): void {
    const term = change.role === Role.Leader ? change.term : 0;
    if (term === this.#term) return;
    this.#term = term;
    this.#setActing(false);
    if (term !== 0) this.#propose({ kind: 'epoch-bump', node: this.#options.nodeId }, this.#bumped);
  }

  #propose(entry: MetadataEntry, sink: ProposalSink): void {
    this.#options.submit(encodeMetadataEntry(entry), sink, this.#term);
  }

  #onBumped(term: number): void {
    if (term !== this.#term) return;
    const { founding, state, onEvent } = this.#options;
    onEvent({ name: 'epoch.bumped', epoch: state().epoch });
    if (state().clusterId === undefined && founding !== undefined) this.#propose(founding, this.#founded);
    else this.#onFounded(term);
  }

  #onFounded(term: number): void {
    if (term === this.#term) this.#setActing(this.#options.state().clusterId !== undefined);
  }

  /** A bump that was proposed twice in a term counts once. */
  #retry(term: number, { code }: FlotillaError): void {
    if (FINAL.has(code)) return;
    this.#options.runtime.setTimer(RETRY_MS, () => {
      if (term !== this.#term || this.#acting) return;
      this.#propose({ kind: 'epoch-bump', node: this.#options.nodeId }, this.#bumped);
    });
  }

  #setActing(acting: boolean): void {
    if (acting === this.#acting) return;
    this.#acting = acting;
    this.#options.acting(acting);
  }
}
