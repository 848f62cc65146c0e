import { invariant } from '../invariant.js';
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
  readonly reason: 'truncated' | 'unknown-version' | 'unknown-type' | 'bad-node-id';
}

/** First byte of either form. The two forms tell themselves apart by the type of their entry. */
const VERSION = 1;
const NO_BYTES = new Uint8Array(0);

/**
 * Bytes of a single-server change: version, type, node id, context.
 *
 * @throws RaftInvariantError for an unknown type, or a node id that is not an unsigned safe integer
 */
export function encodeConfChange(change: ConfChange): Uint8Array {
  const head: number[] = [VERSION];
  putChange(head, change.type, change.nodeId);
  return joined(head, change.context);
}

/** The change that `encodeConfChange` wrote. Never throws. */
export function decodeConfChange(bytes: Uint8Array): ConfChange | MalformedConfChange {
  const reader = new Reader(bytes);
  if (reader.byte() !== VERSION) return malformed(bytes.length === 0 ? 'truncated' : 'unknown-version');
  const type = reader.byte();
  const nodeId = reader.id();
  if (reader.failed !== undefined) return malformed(reader.failed);
  if (!isChangeType(type)) return malformed('unknown-type');
  return { kind: 'v1', type, nodeId, context: reader.rest() };
}

/**
 * Bytes of a change of any size: version, transition, number of changes, each change, context. A change that says
 * nothing (automatic transition, no changes, no context) is no bytes at all, as in etcd/raft.
 *
 * @throws RaftInvariantError for an unknown type, or a node id that is not an unsigned safe integer
 */
export function encodeConfChangeV2(change: ConfChangeV2): Uint8Array {
  const isEmpty =
    change.transition === ConfChangeTransition.Auto && change.changes.length === 0 && change.context.length === 0;
  if (isEmpty) return NO_BYTES;
  invariant(isTransition(change.transition), () => `${String(change.transition)} is no kind of transition`);
  const head: number[] = [VERSION, change.transition];
  putId(head, change.changes.length);
  for (const single of change.changes) putChange(head, single.type, single.nodeId);
  return joined(head, change.context);
}

/** The change that `encodeConfChangeV2` wrote. Never throws, and never believes a count before it has seen the bytes. */
export function decodeConfChangeV2(bytes: Uint8Array): ConfChangeV2 | MalformedConfChange {
  if (bytes.length === 0) return { kind: 'v2', transition: ConfChangeTransition.Auto, changes: [], context: NO_BYTES };
  const reader = new Reader(bytes);
  if (reader.byte() !== VERSION) return malformed('unknown-version');
  const transition = reader.byte();
  const count = reader.id();
  const changes: ConfChangeSingle[] = [];
  for (let i = 0; i < count && reader.failed === undefined; i++) {
    const type = reader.byte();
    const nodeId = reader.id();
    if (reader.failed !== undefined) break;
    if (!isChangeType(type)) return malformed('unknown-type');
    changes.push({ type, nodeId });
  }
  if (reader.failed !== undefined) return malformed(reader.failed);
  if (!isTransition(transition)) return malformed('unknown-type');
  return { kind: 'v2', transition, changes, context: reader.rest() };
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

/** Reads forward; the first problem sticks, and everything after it reads as 0. */
class Reader {
  failed: MalformedConfChange['reason'] | undefined = undefined;
  private at: number = 0;
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  byte(): number {
    const byte = this.bytes[this.at];
    if (byte === undefined) {
      this.failed ??= 'truncated';
      return 0;
    }
    this.at++;
    return byte;
  }

  /** An unsigned number of at most 53 bits: seven bits a byte, lowest first. */
  id(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) this.failed ??= 'bad-node-id';
        return value;
      }
      scale *= 0x80;
    }
    this.failed ??= 'bad-node-id';
    return 0;
  }

  rest(): Uint8Array {
    return this.at === this.bytes.length ? NO_BYTES : this.bytes.slice(this.at);
  }
}

function putChange(target: number[], type: ConfChangeType, nodeId: number): void {
  invariant(isChangeType(type), () => `${String(type)} is no kind of membership change`);
  target.push(type);
  putId(target, nodeId);
}

function putId(target: number[], id: number): void {
  invariant(Number.isSafeInteger(id) && id >= 0, () => `node id ${String(id)} is not an unsigned safe integer`);
  let rest = id;
  while (rest >= 0x80) {
    target.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  target.push(rest);
}

function joined(head: readonly number[], context: Uint8Array): Uint8Array {
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
