import { ByteWriter, prefixedLength } from '@flotilla/bytes';
import { decodeAll, expectVersion } from '../decoding.js';
import { FrameKind } from './frame-kind.js';

const VERSION = 1;
const HAS_TOPOLOGY = 1;
const HAS_ROUTING = 2;

/** What group 0's leader tells a node that is not in group 0. Refused where its epoch is below the receiver's mark. */
export interface ControlPush {
  readonly clusterEpoch: number;
  /** The index of group 0 that the parts reflect. */
  readonly index: number;
  /** Byte form of a ClusterTopology (@flotilla/routing). */
  readonly topology: Uint8Array | undefined;
  /** Byte form of a RoutingTable (@flotilla/routing). */
  readonly routing: Uint8Array | undefined;
}

/** A frame of kind `ControlPush`. */
export function encodeControlPush(push: ControlPush): Uint8Array {
  const { topology, routing } = push;
  const writer = new ByteWriter(32 + prefixedLength(topology?.length ?? 0) + prefixedLength(routing?.length ?? 0));
  writer.u8(FrameKind.ControlPush);
  writer.u8(VERSION);
  writer.varint(push.clusterEpoch);
  writer.varint(push.index);
  writer.u8((topology === undefined ? 0 : HAS_TOPOLOGY) | (routing === undefined ? 0 : HAS_ROUTING));
  if (topology !== undefined) writer.bytes(topology);
  if (routing !== undefined) writer.bytes(routing);
  return writer.take();
}

/** Decodes a frame of kind `ControlPush`; the parts are views. @throws {FlotillaError} MalformedFrame, IncompatibleVersion */
export function decodeControlPush(frame: Uint8Array): ControlPush {
  return decodeAll('control push', frame, (reader) => {
    if (reader.u8() !== FrameKind.ControlPush) reader.fail('not a control push');
    expectVersion('a control push', reader.u8(), VERSION);
    const clusterEpoch = reader.varint();
    const index = reader.varint();
    const parts = reader.u8();
    if (parts > (HAS_TOPOLOGY | HAS_ROUTING)) reader.fail(`unknown parts ${parts}`);
    return {
      clusterEpoch,
      index,
      topology: (parts & HAS_TOPOLOGY) === 0 ? undefined : reader.bytes(),
      routing: (parts & HAS_ROUTING) === 0 ? undefined : reader.bytes(),
    };
  });
}
