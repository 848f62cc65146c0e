import type { Command, PinnedSnapshot, StateMachine } from '@flotilla/cluster';
import { type FlotillaError, isFlotillaError } from '@flotilla/errors';
import { crc32c } from '@flotilla/bytes';
import { encodeAnswer, encodeErrorAnswer } from '../protocol/answer-codec.js';
import { checkCommand } from '../protocol/command-check.js';
import { COMMAND_VERSION, decodeCommand, unknownCommandVersion } from '../protocol/command-codec.js';
import { executeCommand } from '../store/command-execution.js';
import { KvStore } from '../store/kv-store.js';
import { encodeSnapshot, SnapshotDecoder } from '../store/snapshot-codec.js';

/** Versions that compaction may drop after each batch of commands, beyond twice the number of commands. */
const COMPACTION_STEP = 4_096;

/** What wants to know that the state of a group moved. Calls come from inside `apply` and `restore`: they must not throw. */
export interface KvStateListener {
  /** Commands were applied: the store may have new revisions. */
  applied(): void;
  /** The whole state was replaced by a snapshot's. */
  restored(): void;
}

/**
 * The key-value store as a replicated state machine: one of these holds all keys of one group, of all its keyspaces.
 *
 * A command that cannot be done, or is none, gives an error as its result, on all replicas the same. A command of a newer
 * version throws, which stops the group on this node: to pass over what others apply would split the replicas.
 */
export class KvStateMachine implements StateMachine {
  #store = new KvStore();
  readonly #listeners = new Set<KvStateListener>();

  /** The store, for local reads. Another one after a snapshot was installed. */
  get store(): KvStore {
    return this.#store;
  }

  /** Tells of changes until the returned function is called. */
  listen(listener: KvStateListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    const results = commands.map((command) => this.#applyOne(command.data));
    // Before anything is dropped: a batch may hold writes and a compaction above them, and watches want to see both.
    for (const listener of this.#listeners) listener.applied();
    if (this.#store.compactionPending) this.#store.compactSome(COMPACTION_STEP + 2 * commands.length);
    return results;
  }

  #applyOne(bytes: Uint8Array): Uint8Array {
    try {
      const command = decodeCommand(bytes);
      checkCommand(command, bytes.length);
      return encodeAnswer(executeCommand(this.#store, command));
    } catch (error) {
      if (!isFlotillaError(error) || error.code === 'IncompatibleVersion') throw error;
      return encodeErrorAnswer(error);
    }
  }

  /** Keeps commands of an unknown version out of the log, since they would stop the group everywhere. All else is answered by `apply`. */
  refusal(command: Uint8Array): FlotillaError | undefined {
    const version = command[0];
    return version === undefined || version === COMMAND_VERSION ? undefined : unknownCommandVersion(version);
  }

  snapshot(): PinnedSnapshot {
    const store = this.#store;
    const contents = store.pinContents();
    return {
      async *read() {
        yield* encodeSnapshot(contents);
      },
      release() {
        store.unpin(contents.pin);
      },
    };
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new SnapshotDecoder();
    for await (const chunk of chunks) decoder.push(chunk);
    this.#store = decoder.finish();
    for (const listener of this.#listeners) listener.restored();
  }

  /** CRC32C of the state's snapshot form: equal for equal states. Reads everything, so for tests and checks. */
  stateHash(): number {
    const contents = this.#store.pinContents();
    try {
      let hash = 0;
      for (const chunk of encodeSnapshot(contents)) hash = crc32c(chunk, hash);
      return hash;
    } finally {
      this.#store.unpin(contents.pin);
    }
  }
}
