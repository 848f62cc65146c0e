/** The range of wire versions that this build speaks. Version 1 is the first. */
export const WIRE_VERSIONS: VersionRange = { min: 1, max: 1 };

/** Versions from `min` to `max`, both included; integers from 1 to 65,535. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** A frame is never longer: 8 MiB, the default of `TransportLimits.frameBytesMax`. */
export const FRAME_BYTES_MAX: number = 8 * 1024 * 1024;

/** A batch is split so that its frames do not exceed 1 MiB, but where a single message is larger. */
export const BATCH_BYTES_TARGET: number = 1024 * 1024;

/** Heartbeats, and as many responses, in one frame at most; the columns of a frame could otherwise name more than its bytes pay for. */
export const HEARTBEATS_PER_FRAME_MAX = 16_384;

/** A hello or refusal is never longer. */
export const HELLO_BYTES_MAX = 4096;

/** Bytes of a cluster id; 32 hexadecimal digits as text. */
export const CLUSTER_ID_BYTES = 16;

/** Bytes of a node's incarnation; 16 hexadecimal digits as text. */
export const INCARNATION_BYTES = 8;

/** Bytes of a session's client id. */
export const CLIENT_ID_BYTES = 16;
