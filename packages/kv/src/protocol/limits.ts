/**
 * Bounds of the key-value data. They are constants, not configuration: replicas that disagreed on a bound would disagree
 * on a command's outcome.
 */

/** Bytes of a user's key. The empty key is refused. */
export const KEY_BYTES_MAX = 4096;
/** Bytes of a value. */
export const VALUE_BYTES_MAX = 1_048_576;
/** Bytes of one encoded command, a transaction with all its operations included (etcd's 1.5 MiB). */
export const REQUEST_BYTES_MAX = 1_572_864;
/** Operations of a transaction: the longest of its lists, plus that of the transactions nested in it (etcd's 128). */
export const TXN_OPERATIONS_MAX = 128;
/** Operations and compares of a transaction with all that are nested in it, both branches counted. */
export const TXN_TOTAL_MAX = 2048;
/** Keys that one command may write or delete. */
export const COMMAND_KEYS_WRITTEN_MAX = 100_000;
/** Keys that the reads, compares and deletes of one command may look at. */
export const COMMAND_KEYS_READ_MAX = 1_000_000;
/** Bytes of keys and values in the answer to one command; a transaction that would answer more is not applied. */
export const COMMAND_ANSWER_BYTES_MAX = 2_097_152;
/** Bytes of keys and values after which an answer to a range is cut, with `more`; at least one pair is in it. */
export const RANGE_PAGE_BYTES = 1_048_576;
/** Largest keyspace id. */
export const KEYSPACE_MAX: number = 2 ** 44;
