import { ByteReader, ByteWriter } from '@flotilla/bytes';
import {
  type ClusterTopology,
  decodeRoutingTable,
  decodeTopology,
  encodeRoutingTable,
  encodeTopology,
  type RoutingTable,
} from '@flotilla/routing';
import { malformedAsFrame } from './command-codec.js';

const MAP_VERSION = 1;
const CLUSTER_ID_CHARACTERS = 32;

/** Who led a group when last heard of. */
export interface GroupLeader {
  readonly group: number;
  readonly node: number;
}

/** What a client needs to find its way: a node's view, and so possibly behind. */
export interface ClusterMap {
  /** The node that answered; 0: it has no id yet. */
  readonly nodeId: number;
  /** 32 hexadecimal digits; undefined until the node belongs to a cluster. */
  readonly clusterId: string | undefined;
  readonly routing: RoutingTable;
  readonly topology: ClusterTopology;
  /** Ascending by group; a group of which no leader is known is absent. */
  readonly leaders: readonly GroupLeader[];
}

/** The bytes of a map. */
export function encodeClusterMap(map: ClusterMap): Uint8Array {
  const writer = new ByteWriter(4_096);
  writer.u8(MAP_VERSION);
  writer.varint(map.nodeId);
  writer.string(map.clusterId ?? '');
  writer.bytes(encodeRoutingTable(map.routing));
  writer.bytes(encodeTopology(map.topology));
  writer.varint(map.leaders.length);
  for (const { group, node } of map.leaders) {
    writer.varint(group);
    writer.varint(node);
  }
  return writer.take();
}

/** Decodes a map. @throws {FlotillaError} MalformedFrame, IncompatibleVersion */
export function decodeClusterMap(bytes: Uint8Array): ClusterMap {
  const reader = new ByteReader(bytes);
  try {
    const version = reader.u8();
    if (version !== MAP_VERSION) reader.fail(`map of version ${version}`);
    const nodeId = reader.varint();
    const clusterId = reader.string(CLUSTER_ID_CHARACTERS);
    const routing = decodeRoutingTable(reader.bytes());
    const topology = decodeTopology(reader.bytes());
    const leaders: GroupLeader[] = [];
    for (let left = reader.count(2); left > 0; left--) leaders.push({ group: reader.varint(), node: reader.varint() });
    reader.end();
    return { nodeId, clusterId: clusterId === '' ? undefined : clusterId, routing, topology, leaders };
  } catch (error) {
    throw malformedAsFrame(error, 'cluster map');
  }
}
