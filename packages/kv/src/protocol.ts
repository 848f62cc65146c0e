export {
  type AddedMemberReport,
  type AdminRequest,
  decodeJsonReply,
  decodeLaneRequest,
  decodeReply,
  encodeAdminRequest,
  encodeErrorReply,
  encodeJsonReply,
  encodeMapRequest,
  encodeReply,
  type LaneRequest,
  type MemberReport,
  type StoreReport,
} from './protocol/admin.js';
export {
  decodeAnswer,
  encodeAnswer,
  encodeErrorAnswer,
  errorOfAnswer,
  KEY_VALUE_BYTES_MIN,
  readKeyValue,
  writeAnswer,
  writeKeyValue,
} from './protocol/answer-codec.js';
export {
  answerOf,
  type AnswerMessage,
  type CancelMessage,
  CLIENT_FRAME_BYTES_TARGET,
  CLIENT_FRAME_VERSION,
  ClientFrameWriter,
  type ClientMessage,
  type Consistency,
  type ProgressMessage,
  type ProposeMessage,
  readClientFrame,
  type ReadMessage,
  readServerFrame,
  ServerFrameWriter,
  type ServerMessage,
  type UnwatchMessage,
  type WatchEndedMessage,
  type WatchEventsMessage,
  type WatchMessage,
  type WatchProgressMessage,
  type WatchStartedMessage,
} from './protocol/client-frame.js';
export { type ClusterMap, decodeClusterMap, encodeClusterMap, type GroupLeader } from './protocol/cluster-map.js';
export { checkCommand, checkRange, invalidArgument, limitExceeded } from './protocol/command-check.js';
export { COMMAND_VERSION, decodeCommand, encodeCommand, writeCommand } from './protocol/command-codec.js';
export { type Cursor, cursorScope, decodeCursor, encodeCursor, type GroupPosition } from './protocol/cursor.js';
export { ALL_KEYS, isOpenEnd, type KeyRange, prefixEnd, prefixRange, RANGE_END_OPEN } from './protocol/key-range.js';
export { checkKeyspace, groupOfKeyspace, keyspaceOfGroup, SHARDED_KEYSPACE } from './protocol/keyspace.js';
export {
  COMMAND_ANSWER_BYTES_MAX,
  COMMAND_KEYS_READ_MAX,
  COMMAND_KEYS_WRITTEN_MAX,
  KEY_BYTES_MAX,
  KEYSPACE_MAX,
  RANGE_PAGE_BYTES,
  REQUEST_BYTES_MAX,
  TXN_OPERATIONS_MAX,
  TXN_TOTAL_MAX,
  VALUE_BYTES_MAX,
} from './protocol/limits.js';
export {
  type Command,
  type CommandAnswer,
  type CompactAnswer,
  type CompactOperation,
  type Compare,
  type CompareRelation,
  type CompareTarget,
  type DeleteRangeAnswer,
  type DeleteRangeOperation,
  deleteRangeOperation,
  type KeyValue,
  type Operation,
  type OperationAnswer,
  type PutAnswer,
  type PutOperation,
  putOperation,
  type RangeAnswer,
  type RangeOperation,
  rangeOperation,
  type SortOrder,
  type SortTarget,
  type TxnAnswer,
  type TxnOperation,
} from './protocol/operation.js';
export { GROUP_WIDE_VSHARD, vshardOfCommand, vshardOfRange } from './protocol/vshard-of-command.js';
export { readWatchEvent, WATCH_EVENT_BYTES_MIN, type WatchEvent, writeWatchEvent } from './protocol/watch-event.js';
