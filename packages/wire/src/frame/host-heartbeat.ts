import { ByteWriter } from '@flotilla/bytes';
import { decodeAll, expectVersion } from '../decoding.js';
import { FrameKind } from './frame-kind.js';

const VERSION = 1;

/** One a period for each pair of nodes, whatever the number of their groups. */
export interface HostHeartbeat {
  /** The sender's host epoch: it tells one start of a node from the next. */
  readonly hostEpoch: number;
  /** The sender's mark. */
  readonly clusterEpoch: number;
  /** Counts the sender's heartbeats to this receiver on this connection, from 1. */
  readonly sequence: number;
  /** The last sequence received from the other side; 0: none yet. It shows that both directions live, and the round trip. */
  readonly echo: number;
  /** Versions of what the sender holds of the topology and the routing table, so that a stale side asks for more. */
  readonly topologyVersion: number;
  readonly routingVersion: number;
}

/** A frame of kind `HostHeartbeat`. */
export function encodeHostHeartbeat(heartbeat: HostHeartbeat): Uint8Array {
  const writer = new ByteWriter(32);
  writer.u8(FrameKind.HostHeartbeat);
  writer.u8(VERSION);
  writer.varint(heartbeat.hostEpoch);
  writer.varint(heartbeat.clusterEpoch);
  writer.varint(heartbeat.sequence);
  writer.varint(heartbeat.echo);
  writer.varint(heartbeat.topologyVersion);
  writer.varint(heartbeat.routingVersion);
  return writer.take();
}

/** Decodes a frame of kind `HostHeartbeat`. @throws {FlotillaError} MalformedFrame, IncompatibleVersion */
export function decodeHostHeartbeat(frame: Uint8Array): HostHeartbeat {
  return decodeAll('host heartbeat', frame, (reader) => {
    if (reader.u8() !== FrameKind.HostHeartbeat) reader.fail('not a host heartbeat');
    expectVersion('a host heartbeat', reader.u8(), VERSION);
    return {
      hostEpoch: reader.varint(),
      clusterEpoch: reader.varint(),
      sequence: reader.varint(),
      echo: reader.varint(),
      topologyVersion: reader.varint(),
      routingVersion: reader.varint(),
    };
  });
}
