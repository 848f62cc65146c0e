import { FlotillaError } from '@flotilla/errors';
import {
  type Command,
  type Compare,
  type CompareRelation,
  deleteRangeOperation,
  invalidArgument,
  type KeyRange,
  type Operation,
  putOperation,
  type RangeOperation,
  rangeOperation,
  TXN_OPERATIONS_MAX,
  type TxnOperation,
} from '@flotilla/kv/protocol';
import { bytesOf, rangeOf } from './key-selector.js';
import type { CompareSpec, RangeOptions, Relation, TxnOpSpec, TxnSpec } from './requests.js';

const RELATIONS: { readonly [R in Relation]: CompareRelation } = {
  '=': 'equal',
  '!=': 'notEqual',
  '>': 'greater',
  '<': 'less',
};

/** What a range's options say of the operation itself, wherever it is done. */
export function rangeOperationOf(
  range: KeyRange,
  options: Partial<RangeOptions>,
  overrides: Partial<RangeOperation> = {},
): RangeOperation {
  return rangeOperation(range, {
    revision: whole('revision', options.revision),
    limit: whole('limit', options.limit),
    sortTarget: options.sortTarget ?? 'key',
    sortOrder: options.sortOrder ?? 'none',
    keysOnly: options.keysOnly ?? false,
    countOnly: options.countOnly ?? false,
    minModRevision: whole('minModRevision', options.minModRevision),
    maxModRevision: whole('maxModRevision', options.maxModRevision),
    minCreateRevision: whole('minCreateRevision', options.minCreateRevision),
    maxCreateRevision: whole('maxCreateRevision', options.maxCreateRevision),
    ...overrides,
  });
}

/** A whole number from 0 on; 0 where it is not given. @throws {FlotillaError} InvalidArgument */
export function whole(argument: string, value: number | undefined): number {
  if (value === undefined) return 0;
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidArgument(argument, `${value} is no whole number from 0 on`);
}

/** The operation of a transaction. @throws {FlotillaError} InvalidArgument, LimitExceeded */
export function txnOperationOf(spec: TxnSpec, depthLeft: number = TXN_OPERATIONS_MAX): TxnOperation {
  if (depthLeft === 0) throw tooDeep();
  return {
    kind: 'txn',
    compares: (spec.compares ?? []).map(compareOf),
    success: (spec.success ?? []).map((member) => memberOf(member, depthLeft)),
    failure: (spec.failure ?? []).map((member) => memberOf(member, depthLeft)),
  };
}

function memberOf(spec: TxnOpSpec, depthLeft: number): Operation {
  switch (spec.kind) {
    case 'put':
      return putOperation(bytesOf(spec.key), bytesOf(spec.value), spec.options);
    case 'range':
      return rangeOperationOf(rangeOf(spec.selector), spec.options ?? {});
    case 'delete':
      return deleteRangeOperation(rangeOf(spec.selector), spec.options);
    case 'txn':
      return txnOperationOf(spec.txn, depthLeft - 1);
    default:
      throw invalidArgument('operation', 'not a put, range, delete or txn');
  }
}

function compareOf(spec: CompareSpec): Compare {
  const { key, end, target, operand } = spec;
  const relation = RELATIONS[spec.relation];
  if (relation === undefined) throw invalidArgument('relation', `${String(spec.relation)} is none of = != > <`);
  return {
    key: bytesOf(key),
    end: end === undefined ? undefined : bytesOf(end),
    target,
    relation,
    operand: typeof operand === 'number' ? whole('operand', operand) : bytesOf(operand),
  };
}

/** Whether a command's keys may lie anywhere: the part that is done in one group is then not the whole. */
export function isSpread(command: Command, vshard: number | undefined): boolean {
  return command.keyspace === 0 && vshard === undefined;
}

function tooDeep(): FlotillaError<'LimitExceeded'> {
  return new FlotillaError('LimitExceeded', {
    message: `transactions nested more than ${TXN_OPERATIONS_MAX} deep; nothing was written`,
    details: { limit: 'depth of transactions', maximum: TXN_OPERATIONS_MAX, actual: TXN_OPERATIONS_MAX + 1 },
  });
}
