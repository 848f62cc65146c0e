import type { ConfState } from '@flotilla/raft-core';
import type { FlotillaError } from '@flotilla/errors';
import { proposalDropped } from './refusals.js';

/** Where the outcome of one membership change goes. */
export interface ConfChangeSink {
  applied(index: number, term: number, confState: ConfState): void;
  failed(error: FlotillaError): void;
}

interface Waiting {
  readonly index: number;
  readonly term: number;
  readonly sink: ConfChangeSink;
}

/** Membership changes of one group that were appended and have no outcome: few, for one is in flight at a time. */
export class ConfChangeProposals {
  readonly #group: number;
  #waiting: Waiting[] = [];

  constructor(group: number) {
    this.#group = group;
  }

  get size(): number {
    return this.#waiting.length;
  }

  add(index: number, term: number, sink: ConfChangeSink): void {
    this.#waiting.push({ index, term, sink });
  }

  /** The entry at (index, term) was applied; `confState` is undefined when it was no membership change. */
  applied(index: number, term: number, confState: ConfState | undefined): void {
    if (this.#waiting.length === 0) return;
    const decided = this.#waiting.filter((waiting) => waiting.index <= index);
    this.#waiting = this.#waiting.filter((waiting) => waiting.index > index);
    for (const { sink, index: at, term: proposed } of decided) {
      if (at === index && proposed === term && confState !== undefined) sink.applied(index, term, confState);
      else sink.failed(proposalDropped(this.#group, `another entry took its place at index ${at}`));
    }
  }

  failAll(error: (index: number) => FlotillaError): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { sink, index } of waiting) sink.failed(error(index));
  }
}
