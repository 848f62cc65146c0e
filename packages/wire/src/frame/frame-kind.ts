import { malformed } from '../decoding.js';

/** Kinds of frame on the ordered lane: the first byte of each. The numbers are stable; a retired one is not used again. */
export const FrameKind = {
  /** Raft messages of many groups: `decodeRaftBatch`. */
  RaftBatch: 1,
  /** Liveness of a pair of nodes: `decodeHostHeartbeat`. */
  HostHeartbeat: 2,
  /** Topology and routing from group 0's leader: `decodeControlPush`. */
  ControlPush: 3,
  /** Bytes that this room does not look into, of a state machine's own protocol (watch events): `opaqueFrameBody`. */
  Opaque: 4,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/**
 * The kind of a frame, for dispatch; the rest is not looked at.
 *
 * @throws {FlotillaError} MalformedFrame for an empty frame or an unknown kind.
 */
export function frameKind(frame: Uint8Array): FrameKind {
  const kind = frame[0];
  switch (kind) {
    case 1:
    case 2:
    case 3:
    case 4:
      return kind;
    case undefined:
      throw malformed('an empty frame');
    default:
      throw malformed(`frame of unknown kind ${kind}`);
  }
}
