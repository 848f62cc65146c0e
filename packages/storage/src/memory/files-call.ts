/** What a call of Files or of a handle asked for. */
export type FilesOperation =
  | 'open'
  | 'list'
  | 'makeFolder'
  | 'rename'
  | 'remove'
  | 'syncFolder'
  | 'lock'
  | 'size'
  | 'readAt'
  | 'writeAt'
  | 'sync'
  | 'close';

/** One call, before it does anything. */
export interface FilesCall {
  /** 1 for the first call of this MemoryFiles. */
  readonly number: number;
  readonly operation: FilesOperation;
  readonly path: string;
  /** Of reads and writes, in bytes. */
  readonly position: number;
  readonly length: number;
  /** What a write is to write: to look at. Empty for all else. */
  readonly bytes: Uint8Array;
}

/**
 * What a call is to suffer.
 *
 * - `fail`: it rejects with StorageFailed, or with `code`; a write wrote its first `afterBytes` bytes (none by default); what
 *   a failed sync of a file should have made durable is taken for clean, as kernels do: no later sync makes it so.
 * - `wait`: it completes when the promise does. One that never settles is a hung disk.
 * - `crash`: the process is gone, before the call did anything, or between its effect and its completion (what it wrote may
 *   survive or not), or after its completion, of which the caller never learns.
 * - `misdirect`: a write resolves, and the disk put the right bytes in the wrong place: at `position` of the same file, durably if the write
 *   was to be; where they should be is what was there before. Other calls suffer nothing.
 */
export type FilesFault =
  | { readonly kind: 'fail'; readonly code?: 'StorageFailed' | 'StorageFull'; readonly afterBytes?: number }
  | { readonly kind: 'wait'; readonly until: Promise<void> }
  | { readonly kind: 'crash'; readonly when: 'before' | 'during' | 'after' }
  | { readonly kind: 'misdirect'; readonly position: number };
