export { GroupState } from './log/group-state.js';
export { LogShape } from './log/log-shape.js';
export { OpenLogs } from './log/open-logs.js';
export { decodeGroupWrite, encodeGroupWrite, groupWriteBytesMax } from './segmented-log/group-record.js';
export { asStorageError, corrupt, failed, full, incompatible, invalid } from './storage-errors.js';
