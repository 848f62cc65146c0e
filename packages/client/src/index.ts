export type { AdminClient, MembersAdmin, NodeAnswer } from './admin/admin-face.js';
export { type AdminOptions, FlotillaAdmin } from './admin/flotilla-admin.js';
export type { GroupReport, GroupSummary, NodeReport, PeerReport } from './admin/node-report.js';
export type { KeyValueClient } from './client-face.js';
export { type ClientLimits, type ClientOptions, DEFAULT_CLIENT_LIMITS } from './client-options.js';
export { FlotillaClient } from './flotilla-client.js';
export type { BytesLike, KeySelector } from './data/key-selector.js';
export { KeyValuePair } from './data/key-value-pair.js';
export type {
  CallOptions,
  CompactTarget,
  CompareSpec,
  DeleteOptions,
  GetOptions,
  KeyCallOptions,
  PutOptions,
  RangeOptions,
  Relation,
  ScanOptions,
  TxnOpSpec,
  TxnSpec,
} from './data/requests.js';
export type { DeleteResult, PutResult, RangeResult, TxnOpResult, TxnResult, WriteResult } from './data/results.js';
export { compare, exists, missing, op, TxnBuilder } from './data/txn-builder.js';
export type { Watch, WatchBatch, WatchedEvent, WatchOptions } from './watch/watch-face.js';
export type { AddedMemberReport, Consistency, MemberReport, StoreReport } from '@flotilla/kv/protocol';
