import { ByteReader, ByteWriter, fromHex, MalformedBytes, toHex } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import {
  type ClusterTopology,
  decodeRoutingTable,
  decodeTopology,
  EMPTY_ROUTING_TABLE,
  EMPTY_TOPOLOGY,
  encodeRoutingTable,
  encodeTopology,
  type GroupPlacement,
  type RoutingTable,
} from '@flotilla/routing';
import { readIds, writeIds } from './id-list.js';

/** What group 0 knows of the cluster. Immutable: every command makes the next one. */
export interface MetadataState {
  /** Group 0's index of the last command that is in it; 0: nothing yet. */
  readonly index: number;
  /** 32 hexadecimal digits; undefined until the founding command was applied. */
  readonly clusterId: string | undefined;
  /** Voters that each data group settles at; 0 until the founding command was applied. */
  readonly replicationFactor: number;
  /** Acquisitions of group 0's leadership. */
  readonly epoch: number;
  /** The term of group 0 in which the epoch was last bumped. */
  readonly epochTerm: number;
  readonly topology: ClusterTopology;
  /** Where groups live, as their leaders last reported. Quorums follow each group's own configuration, never this. */
  readonly routing: RoutingTable;
  /** Where groups are to live, decided in the log: each group is led from what it is to this. Its `confIndex` is 0. */
  readonly targets: ReadonlyMap<number, GroupPlacement>;
}

/** The state before the first command. */
export const EMPTY_METADATA: MetadataState = {
  index: 0,
  clusterId: undefined,
  replicationFactor: 0,
  epoch: 0,
  epochTerm: 0,
  topology: EMPTY_TOPOLOGY,
  routing: EMPTY_ROUTING_TABLE,
  targets: new Map(),
};

const VERSION = 1;
const CLUSTER_ID_BYTES = 16;
const TARGET_BYTES_MIN = 4;

/** The byte form of the state: in snapshots, in the catalog, and in what is pushed to nodes outside of group 0. */
export function encodeMetadataState(state: MetadataState): Uint8Array {
  const writer = new ByteWriter(2048);
  writer.u8(VERSION);
  writer.varint(state.index);
  writer.boolean(state.clusterId !== undefined);
  if (state.clusterId !== undefined) writer.raw(fromHex(state.clusterId));
  writer.varint(state.replicationFactor);
  writer.varint(state.epoch);
  writer.varint(state.epochTerm);
  writer.bytes(encodeTopology(state.topology));
  writer.bytes(encodeRoutingTable(state.routing));
  writer.varint(state.targets.size);
  for (const { group, incarnation, voters, learners } of state.targets.values()) {
    writer.varint(group);
    writer.varint(incarnation);
    writeIds(writer, voters);
    writeIds(writer, learners);
  }
  return writer.take();
}

/** Reads a state; a malformed part refuses the whole. @throws {FlotillaError} MalformedFrame, IncompatibleVersion */
export function decodeMetadataState(bytes: Uint8Array): MetadataState {
  try {
    const reader = new ByteReader(bytes);
    const version = reader.u8();
    if (version !== VERSION) throw laterVersion(version);
    const index = reader.varint();
    const clusterId = reader.boolean() ? toHex(reader.raw(CLUSTER_ID_BYTES)) : undefined;
    const replicationFactor = reader.varint();
    const epoch = reader.varint();
    const epochTerm = reader.varint();
    const topology = decodeTopology(reader.bytes());
    const routing = decodeRoutingTable(reader.bytes());
    const targets = readTargets(reader, routing);
    reader.end();
    return { index, clusterId, replicationFactor, epoch, epochTerm, topology, routing, targets };
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    const reason = `state of group 0: ${error.message}`;
    throw new FlotillaError('MalformedFrame', { message: reason, details: { reason }, cause: error });
  }
}

function readTargets(reader: ByteReader, routing: RoutingTable): Map<number, GroupPlacement> {
  const targets = new Map<number, GroupPlacement>();
  const count = reader.count(TARGET_BYTES_MIN);
  for (let i = 0; i < count; i++) {
    const group = reader.varint();
    const incarnation = reader.varint();
    const voters = readIds(reader);
    const learners = readIds(reader);
    if (routing.groups.get(group)?.incarnation !== incarnation || targets.has(group)) {
      reader.fail(`a target for group ${group} of incarnation ${incarnation}, which is not there`);
    }
    if (!ascends(voters) || !ascends(learners)) reader.fail(`the target of group ${group} has ids that do not ascend`);
    targets.set(group, { group, incarnation, confIndex: 0, voters, learners });
  }
  if (targets.size !== routing.groups.size) reader.fail(`${targets.size} targets for ${routing.groups.size} groups`);
  return targets;
}

function ascends(ids: readonly number[]): boolean {
  return ids.every((id, place) => id > (ids[place - 1] ?? 0));
}

function laterVersion(version: number): FlotillaError {
  return new FlotillaError('IncompatibleVersion', {
    message: `the state of group 0 has format version ${version}, this build reads ${VERSION}. Upgrade this node`,
    details: { ours: String(VERSION), theirs: String(version) },
  });
}
