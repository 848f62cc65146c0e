import { invariant } from '../invariant.js';
import { NO_BYTES } from '../log/entry.js';
import {
  ConfChangeTransition,
  ConfChangeType,
  type ConfChange,
  type ConfChangeSingle,
  type ConfChangeV2,
} from './conf-change.js';

/** Bytes that are no change of membership, and why. */
export interface MalformedConfChange {
  readonly kind: 'malformed';
  readonly reason: 'truncated' | 'bad-number' | 'unknown-type' | 'bad-field';
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
/** Nobody changes more at once; a decoder must have some limit. */
const MAX_CHANGES = 65_536;

/**
 * Bytes of a single-server change, in etcd/raft's protobuf form (type 2, node id 3, context 4), so that a log can be shared
 * with members that run etcd/raft.
 *
 * @throws RaftInvariantError for an unknown type, or a node id that is not an unsigned safe integer
 */
export function encodeConfChange(change: ConfChange): Uint8Array {
  const bytes: number[] = [];
  putChange(bytes, 2, change);
  return withContext(bytes, 4, change.context);
}

/** The change that `encodeConfChange` wrote. Never throws. */
export function decodeConfChange(bytes: Uint8Array): ConfChange | MalformedConfChange {
  const reader = new FieldReader(bytes);
  let type = 0;
  let nodeId = 0;
  let context: Uint8Array = NO_BYTES;
  while (reader.next()) {
    if (reader.field === 2) type = reader.number();
    else if (reader.field === 3) nodeId = reader.number();
    else if (reader.field === 4) context = reader.bytes();
    else reader.skip();
  }
  if (reader.failed !== undefined) return malformed(reader.failed);
  return isChangeType(type) ? { kind: 'v1', type, nodeId, context } : malformed('unknown-type');
}

/**
 * Bytes of a change of any size, in etcd/raft's protobuf form (transition 1, changes 2 with type 1 and node id 2, context 3).
 *
 * @throws RaftInvariantError for an unknown type or transition, or a node id that is not an unsigned safe integer
 */
export function encodeConfChangeV2(change: ConfChangeV2): Uint8Array {
  invariant(isTransition(change.transition), () => `${String(change.transition)} is no kind of transition`);
  const bytes: number[] = [];
  putNumber(bytes, 1, change.transition);
  for (const single of change.changes) {
    const body: number[] = [];
    putChange(body, 1, single);
    putVarint(bytes, 2 * 8 + BYTES);
    putVarint(bytes, body.length);
    bytes.push(...body);
  }
  return withContext(bytes, 3, change.context);
}

/** The change that `encodeConfChangeV2` wrote; of no bytes, the one that leaves a joint configuration. Never throws. */
export function decodeConfChangeV2(bytes: Uint8Array): ConfChangeV2 | MalformedConfChange {
  const reader = new FieldReader(bytes);
  let transition = 0;
  const changes: ConfChangeSingle[] = [];
  let context: Uint8Array = NO_BYTES;
  while (reader.next()) {
    if (reader.field === 1) transition = reader.number();
    else if (reader.field === 3) context = reader.bytes();
    else if (reader.field === 2) {
      const change = decodeSingle(reader.bytes());
      if (typeof change === 'string') return malformed(change);
      if (changes.push(change) > MAX_CHANGES) return malformed('bad-field');
    } else reader.skip();
  }
  if (reader.failed !== undefined) return malformed(reader.failed);
  return isTransition(transition) ? { kind: 'v2', transition, changes, context } : malformed('unknown-type');
}

/** Either form as the general one. */
export function asConfChangeV2(change: ConfChange | ConfChangeV2): ConfChangeV2 {
  if (change.kind === 'v2') return change;
  const changes = [{ type: change.type, nodeId: change.nodeId }];
  return { kind: 'v2', transition: ConfChangeTransition.Auto, changes, context: change.context };
}

/** What a change does to the configuration: leave a joint one, enter one, or go straight. */
export function transitionOf(
  change: ConfChangeV2,
): 'leave-joint' | 'enter-joint' | 'enter-joint-auto-leave' | 'simple' {
  const { transition, changes } = change;
  if (transition === ConfChangeTransition.Auto && changes.length === 0) return 'leave-joint';
  if (transition === ConfChangeTransition.JointExplicit) return 'enter-joint';
  if (transition === ConfChangeTransition.JointImplicit || changes.length > 1) return 'enter-joint-auto-leave';
  return 'simple';
}

function decodeSingle(bytes: Uint8Array): ConfChangeSingle | MalformedConfChange['reason'] {
  const reader = new FieldReader(bytes);
  let type = 0;
  let nodeId = 0;
  while (reader.next()) {
    if (reader.field === 1) type = reader.number();
    else if (reader.field === 2) nodeId = reader.number();
    else reader.skip();
  }
  if (reader.failed !== undefined) return reader.failed;
  return isChangeType(type) ? { type, nodeId } : 'unknown-type';
}

/** Reads protobuf fields forward. The first problem sticks and ends the reading. */
class FieldReader {
  failed: MalformedConfChange['reason'] | undefined = undefined;
  field: number = 0;
  private wireType: number = 0;
  private at: number = 0;
  private readonly source: Uint8Array;

  constructor(source: Uint8Array) {
    this.source = source;
  }

  /** Goes to the next field; false at the end, or when something failed. */
  next(): boolean {
    if (this.failed !== undefined || this.at === this.source.length) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wireType = tag % 8;
    if (this.field === 0) this.failed ??= 'bad-field';
    return this.failed === undefined;
  }

  number(): number {
    if (this.wireType === VARINT) return this.varint();
    this.failed ??= 'bad-field';
    return 0;
  }

  /** A copy, so that a change does not hold on to the message that it came in. */
  bytes(): Uint8Array {
    if (this.wireType !== BYTES) this.failed ??= 'bad-field';
    const length = this.varint();
    if (this.failed !== undefined) return NO_BYTES;
    if (length > this.source.length - this.at) {
      this.failed = 'truncated';
      return NO_BYTES;
    }
    const from = this.at;
    this.at += length;
    return this.source.slice(from, this.at);
  }

  /** Passes over a field that this version does not know. */
  skip(): void {
    if (this.wireType === VARINT) this.varint();
    else if (this.wireType === BYTES) this.bytes();
    else if (this.wireType === FIXED64) this.pass(8);
    else if (this.wireType === FIXED32) this.pass(4);
    else this.failed ??= 'bad-field';
  }

  private pass(count: number): void {
    if (count > this.source.length - this.at) this.failed ??= 'truncated';
    else this.at += count;
  }

  /** Seven bits a byte, lowest first. */
  private varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.source[this.at];
      if (byte === undefined) {
        this.failed ??= 'truncated';
        return 0;
      }
      this.at++;
      value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) {
        if (Number.isSafeInteger(value)) return value;
        break;
      }
    }
    this.failed ??= 'bad-number';
    return 0;
  }
}

function putChange(target: number[], typeField: number, change: ConfChangeSingle): void {
  invariant(isChangeType(change.type), () => `${String(change.type)} is no kind of membership change`);
  putNumber(target, typeField, change.type);
  putNumber(target, typeField + 1, change.nodeId);
}

function putNumber(target: number[], field: number, value: number): void {
  invariant(Number.isSafeInteger(value) && value >= 0, () => `${String(value)} is not an unsigned safe integer`);
  putVarint(target, field * 8 + VARINT);
  putVarint(target, value);
}

function putVarint(target: number[], value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    target.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  target.push(rest);
}

function withContext(head: number[], field: number, context: Uint8Array): Uint8Array {
  if (context.length > 0) {
    putVarint(head, field * 8 + BYTES);
    putVarint(head, context.length);
  }
  const bytes = new Uint8Array(head.length + context.length);
  bytes.set(head);
  bytes.set(context, head.length);
  return bytes;
}

function isChangeType(value: number): value is ConfChangeType {
  return value >= ConfChangeType.AddNode && value <= ConfChangeType.AddLearnerNode;
}

function isTransition(value: number): value is ConfChangeTransition {
  return value >= ConfChangeTransition.Auto && value <= ConfChangeTransition.JointExplicit;
}

function malformed(reason: MalformedConfChange['reason']): MalformedConfChange {
  return { kind: 'malformed', reason };
}
