export {
  BATCH_BYTES_TARGET,
  CLIENT_ID_BYTES,
  CLUSTER_ID_BYTES,
  FRAME_BYTES_MAX,
  HEARTBEATS_PER_FRAME_MAX,
  HELLO_BYTES_MAX,
  INCARNATION_BYTES,
  type VersionRange,
  WIRE_VERSIONS,
} from './format-constants.js';
export { type ControlPush, decodeControlPush, encodeControlPush } from './frame/control-push.js';
export { FrameKind, frameKind } from './frame/frame-kind.js';
export { decodeHostHeartbeat, encodeHostHeartbeat, type HostHeartbeat } from './frame/host-heartbeat.js';
export { encodeOpaqueFrame, opaqueFrameBody } from './frame/opaque-frame.js';
export { decodeHello, encodeHello, type Hello, type Role } from './hello/hello.js';
export { decodeRefusal, encodeRefusal } from './hello/refusal.js';
export { negotiateVersion } from './hello/versions.js';
export { decodeRaftBatch, type RaftBatch } from './raft-batch/raft-batch-decoder.js';
export { RAFT_BATCH_VERSION, RaftBatchEncoder, type RaftBatchEncoderOptions } from './raft-batch/raft-batch-encoder.js';
export { readConfState, writeConfState } from './raft-message/conf-state-codec.js';
export {
  type BareCommand,
  decodeSessionEnvelope,
  encodeSessionEnvelope,
  type ExpiredSession,
  type ExpireSessions,
  type RegisterSession,
  type SessionCommand,
  type SessionEnvelope,
} from './session-envelope/session-envelope.js';
export {
  decodeSnapshotStreamAnswer,
  decodeSnapshotStreamHeader,
  encodeSnapshotStreamAnswer,
  encodeSnapshotStreamHeader,
  type SnapshotStreamAnswer,
  type SnapshotStreamHeader,
} from './snapshot-stream/snapshot-stream.js';
