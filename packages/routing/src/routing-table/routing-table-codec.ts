import { type ByteReader, ByteWriter } from '@flotilla/bytes';
import { decodeVersioned, readNodeIds } from '../decoding.js';
import { VSHARD_COUNT } from '../vshard/vshard.js';
import { type GroupPlacement, type RoutingTable, routingTableFault } from './routing-table.js';

const VERSION = 1;
const GROUP_BYTES_MIN = 5;

/** The byte form of a routing table; see docs/wire-protocol.md. */
export function encodeRoutingTable(table: RoutingTable): Uint8Array {
  const writer = new ByteWriter(VSHARD_COUNT + 64);
  writer.u8(VERSION);
  writer.varint(table.version);
  writer.varint(table.groups.size);
  for (const placement of table.groups.values()) {
    writer.varint(placement.group);
    writer.varint(placement.incarnation);
    writer.varint(placement.confIndex);
    writeNodeIds(writer, placement.voters);
    writeNodeIds(writer, placement.learners);
  }
  writer.varint(table.vshards.length);
  for (const group of table.vshards) writer.varint(group);
  return writer.take();
}

/** Reads a routing table. @throws {FlotillaError} MalformedFrame for any fault in any part; IncompatibleVersion */
export function decodeRoutingTable(bytes: Uint8Array): RoutingTable {
  return decodeVersioned('routing table', VERSION, bytes, (reader) => {
    const version = reader.varint();
    const groups = readGroups(reader);
    const vshards = readVshards(reader);
    const table: RoutingTable = { version, vshards, groups };
    const fault = routingTableFault(table);
    return fault === undefined ? table : reader.fail(fault);
  });
}

function readGroups(reader: ByteReader): Map<number, GroupPlacement> {
  const groups = new Map<number, GroupPlacement>();
  const count = reader.count(GROUP_BYTES_MIN);
  let previous = -1;
  for (let i = 0; i < count; i++) {
    const group = reader.varint();
    if (group <= previous) reader.fail(`groups are not ascending: ${group} after ${previous}`);
    previous = group;
    groups.set(group, {
      group,
      incarnation: reader.varint(),
      confIndex: reader.varint(),
      voters: readNodeIds(reader),
      learners: readNodeIds(reader),
    });
  }
  return groups;
}

function readVshards(reader: ByteReader): number[] {
  const count = reader.count(1);
  if (count !== VSHARD_COUNT) reader.fail(`${count} vShards instead of ${VSHARD_COUNT}`);
  const vshards: number[] = [];
  for (let i = 0; i < count; i++) vshards.push(reader.varint());
  return vshards;
}

function writeNodeIds(writer: ByteWriter, ids: readonly number[]): void {
  writer.varint(ids.length);
  for (const id of ids) writer.varint(id);
}
