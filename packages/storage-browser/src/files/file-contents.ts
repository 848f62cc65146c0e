import type { Durability } from '@flotilla/storage';

/** The bytes of one file, whatever it is called. */
export interface FileContent {
  /** Names it in the database. */
  readonly id: number;
  /** Bytes, those included that are not synced. */
  readonly size: number;
  /** Resolves with how many bytes: fewer than asked only at the end. */
  readAt(position: number, target: Uint8Array): Promise<number>;
  writeAt(position: number, bytes: Uint8Array): Promise<void>;
  /** All that was written is durable. */
  sync(): Promise<void>;
}

/** Where the bytes of files are kept, apart from their names. */
export interface FileContents {
  readonly durability: Durability;
  /** The files that there are, by id; what no name leads to is dropped. Called once, first. */
  load(ids: ReadonlySet<number>): Promise<ReadonlyMap<number, FileContent>>;
  /** An empty file; it has a name only once the database says so. */
  create(): Promise<FileContent>;
  /** The file has no name any more, and nobody has it open. */
  drop(content: FileContent): Promise<void>;
}
