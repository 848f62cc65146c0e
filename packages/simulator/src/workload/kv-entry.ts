import { type Command, decodeAnswer, encodeCommand, SHARDED_KEYSPACE } from '@flotilla/kv/protocol';
import { encodeSessionEnvelope } from '@flotilla/wire';

/**
 * What a node is given to propose an operation of the key-value store that no client asked for: a command without a session. The workload's own
 * checks take it in as they do what clients asked for.
 */
export function kvEntry(operation: Command['operation']): Uint8Array {
  return encodeSessionEnvelope({ kind: 'bare', command: encodeCommand({ keyspace: SHARDED_KEYSPACE, operation }) });
}

/** The group's revision after such a command, by the result that the proposal gave. */
export function kvRevisionOf(result: Uint8Array): number {
  return decodeAnswer(result.subarray(1)).revision;
}
