import { type ByteReader, ByteWriter, fromHex, toHex } from '@flotilla/bytes';
import { decodeVersioned } from '../decoding.js';
import { type ClusterTopology, nodeFault, type NodeInfo, type NodeState, TOPOLOGY_LIMITS } from './topology.js';

const VERSION = 1;
const INCARNATION_BYTES = 8;
const PIN_BYTES = 32;
const NODE_BYTES_MIN = 18;
const TEXT_BYTES_MAX = 512;

/** States by their numbers on the wire, which are stable. */
const STATES: readonly NodeState[] = ['joining', 'active', 'draining', 'decommissioned', 'learner'];

/** The byte form of a topology; see docs/wire-protocol.md. */
export function encodeTopology(topology: ClusterTopology): Uint8Array {
  const writer = new ByteWriter(64 + 64 * topology.nodes.size);
  writer.u8(VERSION);
  writer.varint(topology.version);
  writer.varint(topology.lastNodeId);
  writer.varint(topology.nodes.size);
  for (const node of topology.nodes.values()) writeNode(writer, node);
  return writer.take();
}

/** Reads a topology. @throws {FlotillaError} MalformedFrame for any fault in any part; IncompatibleVersion */
export function decodeTopology(bytes: Uint8Array): ClusterTopology {
  return decodeVersioned('topology', VERSION, bytes, (reader) => {
    const version = reader.varint();
    const lastNodeId = reader.varint();
    const nodes = new Map<number, NodeInfo>();
    const count = reader.count(NODE_BYTES_MIN);
    let previous = 0;
    for (let i = 0; i < count; i++) {
      const node = readNode(reader);
      if (node.id <= previous) reader.fail(`nodes are not ascending: ${node.id} after ${previous}`);
      previous = node.id;
      nodes.set(node.id, node);
    }
    if (previous > lastNodeId) reader.fail(`node ${previous} is above the last id ${lastNodeId}`);
    return { version, lastNodeId, nodes };
  });
}

/** The byte form of one node, as it stands in a topology's: for commands that carry a node. */
export function encodeNodeInfo(node: NodeInfo): Uint8Array {
  const writer = new ByteWriter(128);
  writer.u8(VERSION);
  writeNode(writer, node);
  return writer.take();
}

/** Reads one node. @throws {FlotillaError} MalformedFrame for any fault in any part; IncompatibleVersion */
export function decodeNodeInfo(bytes: Uint8Array): NodeInfo {
  return decodeVersioned('node', VERSION, bytes, readNode);
}

function writeNode(writer: ByteWriter, node: NodeInfo): void {
  writer.varint(node.id);
  writer.string(node.name ?? '');
  writer.u8(STATES.indexOf(node.state));
  writer.boolean(node.voter);
  writer.raw(fromHex(node.incarnation));
  writer.u16(node.versions.min);
  writer.u16(node.versions.max);
  writer.varint(node.addresses.length);
  for (const address of node.addresses) writer.string(address);
  writer.varint(node.spkiPins.length);
  for (const pin of node.spkiPins) writer.raw(fromHex(pin));
}

function readNode(reader: ByteReader): NodeInfo {
  const id = reader.varint();
  const name = reader.string(TEXT_BYTES_MAX);
  const state = STATES[reader.u8()] ?? reader.fail('unknown state of a node');
  const voter = reader.boolean();
  const incarnation = toHex(reader.raw(INCARNATION_BYTES));
  const versions = { min: reader.u16(), max: reader.u16() };
  const addresses = readList(reader, 1, TOPOLOGY_LIMITS.addressesMax, () => reader.string(TEXT_BYTES_MAX));
  const spkiPins = readList(reader, PIN_BYTES, TOPOLOGY_LIMITS.spkiPinsMax, () => toHex(reader.raw(PIN_BYTES)));
  const node: NodeInfo = {
    id,
    name: name === '' ? undefined : name,
    addresses,
    state,
    incarnation,
    voter,
    versions,
    spkiPins,
  };
  const fault = nodeFault(node);
  return fault === undefined ? node : reader.fail(fault);
}

function readList(reader: ByteReader, itemBytesMin: number, max: number, read: () => string): string[] {
  const count = reader.count(itemBytesMin);
  if (count > max) reader.fail(`${count} items, where at most ${max} may stand`);
  const items: string[] = [];
  for (let i = 0; i < count; i++) items.push(read());
  return items;
}
