import type { CommandAnswer, DeleteRangeAnswer, OperationAnswer, RangeAnswer } from '@flotilla/kv/protocol';
import { detachedPair, KeyValuePair, pairOf } from './key-value-pair.js';
import type { PutResult, TxnOpResult, TxnResult, WriteResult } from './results.js';

/** What a group answered to a range. */
export interface GroupRange {
  readonly group: number;
  readonly revision: number;
  readonly answer: RangeAnswer;
}

/** What a group answered to a delete. */
export interface GroupDelete {
  readonly group: number;
  readonly revision: number;
  readonly answer: DeleteRangeAnswer;
}

/** Thrown where an answer is of another kind than its command. */
function otherKind(answer: { readonly kind: string }, wanted: string): Error {
  return new Error(`an answer of kind ${answer.kind} to a ${wanted}`);
}

/** The result of a put. */
export function readPut({ revision, answer }: CommandAnswer, group: number): PutResult {
  if (answer.kind !== 'put') throw otherKind(answer, 'put');
  return { group, revision, prevKv: answer.prevKv === undefined ? undefined : detachedPair(answer.prevKv) };
}

/** The result of a get: its pair, with bytes of its own. */
export function readGet({ answer }: CommandAnswer): KeyValuePair | undefined {
  if (answer.kind !== 'range') throw otherKind(answer, 'range');
  const [kv] = answer.kvs;
  return kv === undefined ? undefined : detachedPair(kv);
}

/** One group's part of a range. */
export function readRange({ revision, answer }: CommandAnswer, group: number): GroupRange {
  if (answer.kind !== 'range') throw otherKind(answer, 'range');
  return { group, revision, answer };
}

/** One group's part of a delete. */
export function readDelete({ revision, answer }: CommandAnswer, group: number): GroupDelete {
  if (answer.kind !== 'deleteRange') throw otherKind(answer, 'delete');
  return { group, revision, answer };
}

/** The result of a transaction. */
export function readTxn({ revision, answer }: CommandAnswer, group: number): TxnResult {
  if (answer.kind !== 'txn') throw otherKind(answer, 'txn');
  return { group, revision, succeeded: answer.succeeded, results: answer.answers.map(memberResult) };
}

/** The result of a compaction. */
export function readCompact({ revision, answer }: CommandAnswer, group: number): WriteResult {
  if (answer.kind !== 'compact') throw otherKind(answer, 'compact');
  return { group, revision };
}

function memberResult(answer: OperationAnswer): TxnOpResult {
  switch (answer.kind) {
    case 'put':
      return { kind: 'put', prevKv: pairOf(answer.prevKv) };
    case 'range': {
      const { count, more } = answer;
      return { kind: 'range', kvs: answer.kvs.map((kv) => new KeyValuePair(kv)), count, more };
    }
    case 'deleteRange':
      return {
        kind: 'delete',
        deleted: answer.deleted,
        prevKvs: answer.prevKvs.map((kv) => new KeyValuePair(kv)),
      };
    case 'txn':
      return { kind: 'txn', succeeded: answer.succeeded, results: answer.answers.map(memberResult) };
  }
}
