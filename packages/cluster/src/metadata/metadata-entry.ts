import { ByteReader, ByteWriter, fromHex, MalformedBytes, toHex } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import {
  type AdmissionRequest,
  type ClusterTopology,
  decodeRoutingTable,
  decodeTopology,
  encodeRoutingTable,
  encodeTopology,
  type GroupMembership,
  type RoutingTable,
} from '@flotilla/routing';
import { readIds, writeIds } from './id-list.js';

/** A change of the nodes. */
export type TopologyChange =
  /** A node asks to be let in, or a member is at other addresses. Gives its id and, to a new node, its groups. */
  | { readonly kind: 'admit'; readonly request: AdmissionRequest; readonly learnerOf: readonly number[] }
  /** A node that was let in serves. */
  | { readonly kind: 'activate'; readonly node: number; readonly incarnation: string }
  /** Keeps an id for a node to come; 0: the next one. */
  | { readonly kind: 'reserve'; readonly node: number }
  /** A node is to be emptied, and taken out once it is. `reachable`: nodes that the proposer could reach, so that every replica decides alike. */
  | {
      readonly kind: 'drain';
      readonly node: number;
      /** The node that takes its place; 0: whichever has room. */
      readonly replacement: number;
      readonly reachable: readonly number[];
    }
  /** A drained node is out. */
  | { readonly kind: 'decommission'; readonly node: number }
  /** Puts keys of a node on record, and takes others off it: SHA-256 of the SubjectPublicKeyInfo, 64 hexadecimal digits each. */
  | {
      readonly kind: 'pin';
      readonly node: number;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    };

/** A change of what belongs where. */
export type RoutingChange = { readonly kind: 'move-vshard'; readonly vshard: number; readonly group: number };

/** A change of topology, routing or memberships: all that a batch may hold. */
export type ClusterChange =
  | { readonly kind: 'topology'; readonly change: TopologyChange }
  | { readonly kind: 'routing'; readonly change: RoutingChange }
  /** What the leader of a group reports when it applied a conf change. */
  | { readonly kind: 'membership'; readonly membership: GroupMembership };

/** One command of group 0. */
export type MetadataEntry =
  | ClusterChange
  /** The first command of a cluster after its first epoch bump: what its founder starts with. */
  | {
      readonly kind: 'found';
      readonly clusterId: string;
      readonly replicationFactor: number;
      readonly topology: ClusterTopology;
      readonly routing: RoutingTable;
    }
  /** The first command of each new leader of group 0. */
  | { readonly kind: 'epoch-bump'; readonly node: number }
  /** All of these or, where one is refused, none. */
  | { readonly kind: 'batch'; readonly changes: readonly ClusterChange[] }
  /** Opaque bytes for the applier of its own. */
  | { readonly kind: 'user'; readonly command: Uint8Array };

const VERSION = 1;

/** Numbers of the kinds in the log: stable, and never used again. */
const Kind = { Topology: 1, Routing: 2, Membership: 3, Found: 4, EpochBump: 5, Batch: 6, User: 7 } as const;
const Topology = { Admit: 1, Activate: 2, Reserve: 3, Drain: 4, Decommission: 5, Pin: 6 } as const;
const Routing = { MoveVshard: 1 } as const;

const CLUSTER_ID_BYTES = 16;
const INCARNATION_BYTES = 8;
const PIN_BYTES = 32;
const TEXT_BYTES_MAX = 512;
const CHANGE_BYTES_MIN = 2;

/** The byte form of a command of group 0. */
export function encodeMetadataEntry(entry: MetadataEntry): Uint8Array {
  const writer = new ByteWriter(64);
  writer.u8(VERSION);
  switch (entry.kind) {
    case 'found':
      writer.u8(Kind.Found);
      writer.raw(fromHex(entry.clusterId));
      writer.varint(entry.replicationFactor);
      writer.bytes(encodeTopology(entry.topology));
      writer.bytes(encodeRoutingTable(entry.routing));
      break;
    case 'epoch-bump':
      writer.u8(Kind.EpochBump);
      writer.varint(entry.node);
      break;
    case 'batch':
      writer.u8(Kind.Batch);
      writer.varint(entry.changes.length);
      for (const change of entry.changes) writeChange(writer, change);
      break;
    case 'user':
      writer.u8(Kind.User);
      writer.bytes(entry.command);
      break;
    default:
      writeChange(writer, entry);
  }
  return writer.take();
}

/**
 * Reads a command of group 0.
 *
 * @throws {FlotillaError} MalformedFrame, or IncompatibleVersion for a command of a later version: group 0 then stops on this node.
 */
export function decodeMetadataEntry(bytes: Uint8Array): MetadataEntry {
  try {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== VERSION) throw laterVersion(version);
    const entry = readEntry(reader);
    reader.end();
    return entry;
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    const reason = `command of group 0: ${error.message}`;
    throw new FlotillaError('MalformedFrame', { message: reason, details: { reason }, cause: error });
  }
}

function readEntry(reader: ByteReader): MetadataEntry {
  const kind = reader.u8();
  switch (kind) {
    case Kind.Found: {
      const clusterId = toHex(reader.raw(CLUSTER_ID_BYTES));
      const replicationFactor = reader.varint();
      const topology = decodeTopology(reader.bytes());
      return { kind: 'found', clusterId, replicationFactor, topology, routing: decodeRoutingTable(reader.bytes()) };
    }
    case Kind.EpochBump:
      return { kind: 'epoch-bump', node: reader.varint() };
    case Kind.Batch: {
      const changes: ClusterChange[] = [];
      const count = reader.count(CHANGE_BYTES_MIN);
      for (let i = 0; i < count; i++) changes.push(readChange(reader, reader.u8()));
      return { kind: 'batch', changes };
    }
    case Kind.User:
      return { kind: 'user', command: reader.bytes() };
    default:
      return readChange(reader, kind);
  }
}

function writeChange(writer: ByteWriter, entry: ClusterChange): void {
  switch (entry.kind) {
    case 'topology':
      writer.u8(Kind.Topology);
      writeTopologyChange(writer, entry.change);
      break;
    case 'routing':
      writer.u8(Kind.Routing);
      writer.u8(Routing.MoveVshard);
      writer.varint(entry.change.vshard);
      writer.varint(entry.change.group);
      break;
    case 'membership': {
      const { group, incarnation, confIndex, voters, learners } = entry.membership;
      writer.u8(Kind.Membership);
      writer.varint(group);
      writer.varint(incarnation);
      writer.varint(confIndex);
      writeIds(writer, voters);
      writeIds(writer, learners);
      break;
    }
  }
}

function readChange(reader: ByteReader, kind: number): ClusterChange {
  switch (kind) {
    case Kind.Topology:
      return { kind: 'topology', change: readTopologyChange(reader) };
    case Kind.Routing: {
      if (reader.u8() !== Routing.MoveVshard) reader.fail('unknown change of the routing table');
      return { kind: 'routing', change: { kind: 'move-vshard', vshard: reader.varint(), group: reader.varint() } };
    }
    case Kind.Membership: {
      const group = reader.varint();
      const incarnation = reader.varint();
      const confIndex = reader.varint();
      const voters = readIds(reader);
      return { kind: 'membership', membership: { group, incarnation, confIndex, voters, learners: readIds(reader) } };
    }
    default:
      return reader.fail(`unknown kind ${kind}`);
  }
}

function writeTopologyChange(writer: ByteWriter, change: TopologyChange): void {
  switch (change.kind) {
    case 'admit':
      writer.u8(Topology.Admit);
      writeAdmissionRequest(writer, change.request);
      writeIds(writer, change.learnerOf);
      break;
    case 'activate':
      writer.u8(Topology.Activate);
      writer.varint(change.node);
      writer.raw(fromHex(change.incarnation));
      break;
    case 'reserve':
      writer.u8(Topology.Reserve);
      writer.varint(change.node);
      break;
    case 'drain':
      writer.u8(Topology.Drain);
      writer.varint(change.node);
      writer.varint(change.replacement);
      writeIds(writer, change.reachable);
      break;
    case 'decommission':
      writer.u8(Topology.Decommission);
      writer.varint(change.node);
      break;
    case 'pin':
      writer.u8(Topology.Pin);
      writer.varint(change.node);
      writePins(writer, change.add);
      writePins(writer, change.remove);
      break;
  }
}

function readTopologyChange(reader: ByteReader): TopologyChange {
  const kind = reader.u8();
  switch (kind) {
    case Topology.Admit: {
      const request = readAdmissionRequest(reader);
      return { kind: 'admit', request, learnerOf: readIds(reader) };
    }
    case Topology.Activate:
      return { kind: 'activate', node: reader.varint(), incarnation: toHex(reader.raw(INCARNATION_BYTES)) };
    case Topology.Reserve:
      return { kind: 'reserve', node: reader.varint() };
    case Topology.Drain:
      return { kind: 'drain', node: reader.varint(), replacement: reader.varint(), reachable: readIds(reader) };
    case Topology.Decommission:
      return { kind: 'decommission', node: reader.varint() };
    case Topology.Pin:
      return { kind: 'pin', node: reader.varint(), add: readPins(reader), remove: readPins(reader) };
    default:
      return reader.fail(`unknown change ${kind} of the topology`);
  }
}

/** Writes what a node says of itself when it asks to be let in. */
export function writeAdmissionRequest(writer: ByteWriter, request: AdmissionRequest): void {
  writer.varint(request.id);
  writer.string(request.name ?? '');
  writer.raw(fromHex(request.incarnation));
  writer.boolean(request.voter);
  writer.u16(request.versions.min);
  writer.u16(request.versions.max);
  writer.varint(request.addresses.length);
  for (const address of request.addresses) writer.string(address);
  writePins(writer, request.spkiPins);
}

/** Reads it. @throws MalformedBytes; whether the parts make sense is `decideAdmission`'s to say */
export function readAdmissionRequest(reader: ByteReader): AdmissionRequest {
  const id = reader.varint();
  const name = reader.string(TEXT_BYTES_MAX);
  const incarnation = toHex(reader.raw(INCARNATION_BYTES));
  const voter = reader.boolean();
  const versions = { min: reader.u16(), max: reader.u16() };
  const addresses = Array.from({ length: reader.count(1) }, () => reader.string(TEXT_BYTES_MAX));
  const spkiPins = readPins(reader);
  return { id, name: name === '' ? undefined : name, incarnation, voter, versions, addresses, spkiPins };
}

/** Writes SHA-256 hashes of public keys, given as hexadecimal digits. */
export function writePins(writer: ByteWriter, pins: readonly string[]): void {
  writer.varint(pins.length);
  for (const pin of pins) writer.raw(fromHex(pin));
}

/** Reads them. @throws MalformedBytes */
export function readPins(reader: ByteReader): string[] {
  return Array.from({ length: reader.count(PIN_BYTES) }, () => toHex(reader.raw(PIN_BYTES)));
}

function laterVersion(version: number): FlotillaError {
  return new FlotillaError('IncompatibleVersion', {
    message: `a command of group 0 has format version ${version}, this build reads ${VERSION}. Upgrade this node`,
    details: { ours: String(VERSION), theirs: String(version) },
  });
}
