import { FlotillaError } from '@flotilla/errors';
import { describe, expect, test } from 'vitest';
import type { ProposalSink } from './completion-sink.js';
import { ProposalTable } from './proposal-table.js';

const RESULT = new Uint8Array([7]);

class Outcomes implements ProposalSink {
  readonly list: string[] = [];

  applied(slot: number, _group: number, index: number, term: number): void {
    this.list.push(`${slot} applied ${term}/${index}`);
  }

  failed(slot: number, error: FlotillaError): void {
    this.list.push(`${slot} ${error.code} ${error.outcome}`);
  }
}

const unknown = (index: number): FlotillaError =>
  new FlotillaError('ProposalOutcomeUnknown', { message: '', details: { group: 1, index } });

describe('ProposalTable', () => {
  test('an applied entry of the same term completes the proposal at its index', () => {
    const table = new ProposalTable(1);
    const outcomes = new Outcomes();
    table.add(5, 2, outcomes, 50);
    table.add(7, 2, outcomes, 70);
    table.applied(4, 2, RESULT);
    table.applied(5, 2, RESULT);
    table.passed(6, 2);
    table.applied(7, 2, RESULT);
    expect(outcomes.list).toEqual(['50 applied 2/5', '70 applied 2/7']);
    expect(table.size).toBe(0);
  });

  test('an applied entry of another term at the index is a definite failure', () => {
    const table = new ProposalTable(1);
    const outcomes = new Outcomes();
    for (const index of [5, 6]) table.add(index, 2, outcomes, index);
    table.applied(5, 3, RESULT);
    table.passed(6, 3);
    expect(outcomes.list).toEqual(['5 ProposalDropped definite', '6 ProposalDropped definite']);
  });

  test('leadership lost before is an unknown outcome, for all that wait', () => {
    const table = new ProposalTable(1);
    const outcomes = new Outcomes();
    for (const index of [5, 6]) table.add(index, 2, outcomes, index);
    table.failAll(unknown);
    expect(outcomes.list).toEqual(['5 ProposalOutcomeUnknown unknown', '6 ProposalOutcomeUnknown unknown']);
    table.applied(5, 2, RESULT);
    expect(outcomes.list).toHaveLength(2);
  });

  test('order is kept over many more than fit at first, added and completed in turns', () => {
    const table = new ProposalTable(1);
    const outcomes = new Outcomes();
    let next = 1;
    let done = 1;
    for (let round = 1; round < 60; round++) {
      for (let at = 0; at < round; at++) table.add(next, 1, outcomes, next++);
      for (let at = 0; at < round - 1; at++) table.applied(done++, 1, RESULT);
    }
    while (done < next) table.applied(done++, 1, RESULT);
    expect(outcomes.list).toEqual(Array.from({ length: next - 1 }, (_, at) => `${at + 1} applied 1/${at + 1}`));
  });

  test('an index out of order is a bug', () => {
    const table = new ProposalTable(1);
    const outcomes = new Outcomes();
    table.add(5, 1, outcomes, 0);
    expect(() => table.add(5, 1, outcomes, 1)).toThrowError(/proposal at 5 after one at 5/);
    expect(() => table.applied(6, 1, RESULT)).toThrowError(/has no outcome/);
  });
});
