import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { decodeError, encodeError, FlotillaError } from '@flotilla/errors';

/**
 * Requests with one reply, on the request lane of a connection. A request is a byte of kind: `map`, with nothing behind it, or
 * `admin`, with an {@link AdminRequest} as JSON. A reply is a byte 0 and the map (`decodeClusterMap`) or the result as JSON, or a
 * byte 1 and an encoded error.
 */
const RequestKind = { map: 1, admin: 2 } as const;
const REPLY_OK = 0;
const REPLY_ERROR = 1;
/** An admin request is never longer. */
const ADMIN_REQUEST_BYTES_MAX = 65_536;

/** An operator's request. Any node takes any of them; those that change the cluster go to their leader by themselves. */
export type AdminRequest =
  /** All that the asked node knows of itself; works without a leader. */
  | { readonly op: 'nodeStatus' }
  /** Nodes with their replicas, as the asked node knows them. */
  | { readonly op: 'membersList' }
  /** Reserves an id for a node to come. */
  | { readonly op: 'membersAdd'; readonly nodeId?: number }
  /** Takes a node out of the cluster; answered when it is out. */
  | { readonly op: 'membersRemove'; readonly node: number }
  /** Puts one node in the place of another; answered when the old one is out. */
  | { readonly op: 'membersReplace'; readonly oldNode: number; readonly newNode: number }
  /** Puts keys on a node's record and takes others off it: SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hexadecimal digits each. */
  | {
      readonly op: 'membersPin';
      readonly node: number;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  /** Hands a group's leadership to one of its voters; answered when it leads. */
  | { readonly op: 'transfer'; readonly group: number; readonly to: number }
  /** Size and revisions of the key-value store of each group that the asked node holds. */
  | { readonly op: 'stores' };

/** A request on the request lane. */
export type LaneRequest = { readonly kind: 'map' } | { readonly kind: 'admin'; readonly request: AdminRequest };

/** A node of the cluster with the replicas that it holds: the answer to `membersList` is a list of them. */
export interface MemberReport {
  readonly id: number;
  readonly name: string;
  readonly addresses: readonly string[];
  /** `joining`, `active`, `draining`, `decommissioned` or `learner`. */
  readonly state: string;
  /** 16 hexadecimal digits. */
  readonly incarnation: string;
  /** Whether it may vote. */
  readonly voter: boolean;
  /** Keys that it may show, as SHA-256 of the SubjectPublicKeyInfo: 64 hexadecimal digits each. Empty: not pinned. */
  readonly spkiPins: readonly string[];
  /** Groups in which it votes, ascending. */
  readonly voterOf: readonly number[];
  /** Groups that it follows as learner, ascending. */
  readonly learnerOf: readonly number[];
  /** Groups that it leads, as far as is known, ascending. */
  readonly leaderOf: readonly number[];
}

/** The answer to `membersAdd`. */
export interface AddedMemberReport {
  /** To be given to the node as its id. */
  readonly nodeId: number;
  readonly clusterId: string;
  /** Addresses of nodes that it can join through. */
  readonly seeds: readonly string[];
}

/** The store of one group: the answer to `stores` is a list of them, ascending by group. */
export interface StoreReport {
  readonly group: number;
  readonly revision: number;
  readonly compactRevision: number;
  /** Keys that exist. */
  readonly keys: number;
  /** Versions that can still be watched. */
  readonly historyVersions: number;
  /** Bytes in memory; an estimate. */
  readonly bytes: number;
  readonly watchers: number;
}

/** The bytes of a request for the cluster's map. */
export function encodeMapRequest(): Uint8Array {
  return Uint8Array.of(RequestKind.map);
}

/** The bytes of an operator's request. */
export function encodeAdminRequest(request: AdminRequest): Uint8Array {
  return tagged(RequestKind.admin, utf8Encode(JSON.stringify(request)));
}

/** Decodes a request, every field of it checked. @throws {FlotillaError} MalformedFrame, LimitExceeded or InvalidArgument */
export function decodeLaneRequest(bytes: Uint8Array): LaneRequest {
  if (bytes[0] === RequestKind.map && bytes.length === 1) return { kind: 'map' };
  if (bytes[0] !== RequestKind.admin) throw malformed(`unknown kind of request ${bytes[0]}`);
  if (bytes.length > ADMIN_REQUEST_BYTES_MAX) {
    throw new FlotillaError('LimitExceeded', {
      message: `a request of ${bytes.length} bytes, where ${ADMIN_REQUEST_BYTES_MAX} are allowed`,
      details: { limit: 'admin request bytes', maximum: ADMIN_REQUEST_BYTES_MAX, actual: bytes.length },
    });
  }
  return { kind: 'admin', request: checkedAdminRequest(parse(bytes.subarray(1), 'request')) };
}

function checkedAdminRequest(value: unknown): AdminRequest {
  if (typeof value !== 'object' || value === null) throw malformed('a request that is no object');
  const fields = value as Readonly<Record<string, unknown>>;
  const { op } = fields;
  switch (op) {
    case 'nodeStatus':
    case 'membersList':
    case 'stores':
      return { op };
    case 'membersAdd':
      return fields['nodeId'] === undefined ? { op } : { op, nodeId: id(fields, 'nodeId') };
    case 'membersRemove':
      return { op, node: id(fields, 'node') };
    case 'membersReplace':
      return { op, oldNode: id(fields, 'oldNode'), newNode: id(fields, 'newNode') };
    case 'membersPin':
      return { op, node: id(fields, 'node'), add: pins(fields, 'add'), remove: pins(fields, 'remove') };
    case 'transfer':
      return { op, group: id(fields, 'group'), to: id(fields, 'to') };
    default:
      throw malformed(`unknown operation ${JSON.stringify(op)?.slice(0, 64)}`);
  }
}

function id(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new FlotillaError('InvalidArgument', {
    message: `${name} must be a whole number from 0 on`,
    details: { argument: name, reason: 'not a whole number from 0 on' },
  });
}

/** More than any node ever has: what is above it is no mistake of an operator. */
const PINS_MAX = 64;

function pins(fields: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = fields[name];
  const isPins = Array.isArray(value) && value.length <= PINS_MAX && value.every(isPin);
  if (isPins) return value;
  const reason = 'not a list of SHA-256 hashes in 64 lower-case hexadecimal digits';
  throw new FlotillaError('InvalidArgument', {
    message: `${name} is ${reason}`,
    details: { argument: name, reason },
  });
}

function isPin(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

/** The reply that carries bytes. */
export function encodeReply(result: Uint8Array): Uint8Array {
  return tagged(REPLY_OK, result);
}

/** The reply that carries a value as JSON. */
export function encodeJsonReply(result: unknown): Uint8Array {
  return tagged(REPLY_OK, utf8Encode(JSON.stringify(result ?? null)));
}

/** The reply that carries an error. */
export function encodeErrorReply(error: unknown): Uint8Array {
  return tagged(REPLY_ERROR, encodeError(error));
}

/** The bytes of a reply. @throws {FlotillaError} the error that it carries, or MalformedFrame */
export function decodeReply(bytes: Uint8Array): Uint8Array {
  if (bytes[0] === REPLY_OK) return bytes.subarray(1);
  if (bytes[0] === REPLY_ERROR) throw decodeError(bytes.subarray(1));
  throw malformed('a reply that begins with neither 0 nor 1');
}

/** The JSON value of a reply; its shape is the operation's. @throws {FlotillaError} the error that it carries, or MalformedFrame */
export function decodeJsonReply(bytes: Uint8Array): unknown {
  return parse(decodeReply(bytes), 'reply');
}

function tagged(tag: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(1 + body.length);
  bytes[0] = tag;
  bytes.set(body, 1);
  return bytes;
}

function parse(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(utf8Decode(bytes));
  } catch (cause) {
    throw malformed(`a ${what} that is not JSON`, cause);
  }
}

function malformed(reason: string, cause?: unknown): FlotillaError<'MalformedFrame'> {
  return new FlotillaError('MalformedFrame', { message: reason, details: { reason }, cause });
}
