import { decodeError, FlotillaError } from '@flotilla/errors';
import type { Message } from '@flotilla/raft-core';
import type { Runtime } from '@flotilla/runtime';
import type { SnapshotStore, StoredSnapshot } from '@flotilla/storage';
import {
  decodeSnapshotStreamAnswer,
  encodeSnapshotStreamHeader,
  type SnapshotStreamAnswer,
  type SnapshotStreamHeader,
} from '@flotilla/wire';
import type { Group } from '../group/group.js';
import type { PeerNetwork } from '../raft-loop/peer-network.js';
import type { SnapshotHost } from '../raft-loop/snapshot-keeper.js';
import { chunkHeader } from './chunk-framing.js';
import { Lanes } from './exclusive.js';
import type { SnapshotOptions } from './snapshot-options.js';
import { pause, Throttle, within } from './throttle.js';

/** What a sender works with. */
export interface SnapshotSenderParts {
  readonly runtime: Runtime;
  readonly store: SnapshotStore;
  readonly peers: PeerNetwork;
  readonly host: SnapshotHost;
  readonly options: SnapshotOptions;
  /** The newest complete snapshot of a group. */
  newest(group: number): StoredSnapshot | undefined;
}

/** How a transfer ended: the term of the peer where it answered, else 0; no error where the peer has the snapshot. */
interface TransferEnd {
  readonly error: Error | undefined;
  readonly peerTerm: number;
}

interface Running {
  readonly group: number;
  /** Of the leader that sends. */
  readonly term: number;
  readonly abort: AbortController;
  /** Index of the snapshot that is being read; undefined until then. */
  index: number | undefined;
}

const DOUBLINGS_MAX = 6;

/**
 * Streams snapshots to peers that lag behind the log: few at a time, throttled, in checksummed chunks, and going on where an
 * earlier transfer broke. Every MsgSnap that the core emits is followed by a report of success or failure.
 */
export class SnapshotSender {
  readonly #parts: SnapshotSenderParts;
  readonly #lanes: Lanes;
  readonly #throttle: Throttle;
  /** Consecutive failures by group and peer: they make the next attempt wait, and ask first what the peer holds already. */
  readonly #failures = new Map<string, number>();
  readonly #running = new Map<string, Running>();
  #ended: Promise<void>[] = [];

  constructor(parts: SnapshotSenderParts) {
    this.#parts = parts;
    this.#lanes = new Lanes(parts.options.sendsMax);
    this.#throttle = new Throttle(parts.runtime, parts.options.bytesPerSecond);
  }

  /**
   * Sends the snapshot that a leader's MsgSnap names, or a newer one. A transfer to the same peer that is under way goes on, and its
   * end is reported for both; one of an earlier term is given up, and not reported any more.
   */
  send(group: Group, message: Message): void {
    const key = `${group.id}/${message.to}`;
    const before = this.#running.get(key);
    if (before !== undefined && before.term === message.term) return;
    before?.abort.abort();
    const running: Running = { group: group.id, term: message.term, abort: new AbortController(), index: undefined };
    this.#running.set(key, running);
    const ended = this.#run(group, message, key, running).then((end) => {
      if (this.#running.get(key) !== running) return;
      this.#running.delete(key);
      this.#parts.host.sent(group, message.to, end.error, end.peerTerm);
    });
    this.#ended.push(ended);
    void ended.finally(() => {
      this.#ended = this.#ended.filter((other) => other !== ended);
    });
  }

  /** Index of the oldest snapshot of the group that is being sent: neither its file nor the log behind it should go meanwhile. */
  oldestSending(group: number): number {
    let oldest = Infinity;
    for (const running of this.#running.values()) {
      if (running.group === group && running.index !== undefined) oldest = Math.min(oldest, running.index);
    }
    return oldest;
  }

  async #run(group: Group, message: Message, key: string, running: Running): Promise<TransferEnd> {
    const { signal } = running.abort;
    const failures = this.#failures.get(key) ?? 0;
    try {
      if (failures > 0) await pause(this.#parts.runtime, this.#pauseMs(failures), signal);
      const answer = await this.#lanes.run(() => this.#transfer(group, message, failures > 0, running));
      if (answer.status === 'installed') {
        this.#failures.delete(key);
        return { error: undefined, peerTerm: answer.term };
      }
      this.#failures.set(key, failures + 1);
      return { error: refusalIn(answer, message.to), peerTerm: answer.term };
    } catch (error) {
      this.#failures.set(key, failures + 1);
      return { error: error instanceof Error ? error : new Error(String(error)), peerTerm: 0 };
    }
  }

  #pauseMs(failures: number): number {
    return this.#parts.options.retryPauseMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX);
  }

  async #transfer(group: Group, message: Message, askFirst: boolean, running: Running): Promise<SnapshotStreamAnswer> {
    const { signal } = running.abort;
    const stored = this.#parts.newest(group.id);
    if (stored === undefined || stored.index < (message.snapshot?.index ?? 0)) {
      throw new FlotillaError('Internal', {
        message: `the snapshot of group ${group.id} that node ${message.to} needs is not stored`,
        details: { reason: 'snapshot not stored' },
      });
    }
    running.index = stored.index;
    let offset = 0;
    if (askFirst) {
      const held = await this.#stream(group, message, stored, undefined, signal);
      if (held.status !== 'resume') return held;
      offset = held.offset;
    }
    const answer = await this.#stream(group, message, stored, offset, signal);
    if (answer.status !== 'resume' || answer.offset > stored.size) return answer;
    return this.#stream(group, message, stored, answer.offset, signal);
  }

  /** Opens a stream, sends the content from `offset` on (none of it where undefined, which asks what the peer holds), and gives the answer. */
  async #stream(
    group: Group,
    message: Message,
    stored: StoredSnapshot,
    offset: number | undefined,
    signal: AbortSignal,
  ): Promise<SnapshotStreamAnswer> {
    const { peers, store, runtime, options } = this.#parts;
    const header = encodeSnapshotStreamHeader(this.#header(group, message, stored, offset ?? 0));
    const step = <T>(promise: Promise<T>): Promise<T> =>
      within(runtime, 'transfer of a snapshot', options.stallTimeoutMs, signal, promise);
    const stream = await step(peers.openSnapshotStream(message.to, header, signal));
    try {
      if (offset !== undefined) {
        for await (const piece of store.read(stored, { offset })) {
          for (let at = 0; at < piece.length; at += options.chunkBytes) {
            if (!group.isLeader) throw notLeadingAnyMore(group.id);
            const chunk = piece.subarray(at, at + options.chunkBytes);
            await this.#throttle.take(chunk.length, signal);
            await step(stream.write(chunkHeader(chunk)));
            await step(stream.write(chunk));
          }
        }
      }
      return decodeSnapshotStreamAnswer(await step(stream.finish()));
    } catch (error) {
      stream.abort(error instanceof Error ? error : new Error(String(error)));
      throw error;
    }
  }

  #header(group: Group, message: Message, stored: StoredSnapshot, offset: number): SnapshotStreamHeader {
    const { index, term, confState, size, checksum } = stored;
    return {
      clusterEpoch: this.#parts.host.epoch(),
      group: group.id,
      incarnation: group.incarnation,
      message: { ...message, snapshot: { index, term, confState, data: new Uint8Array(0) } },
      size,
      checksum,
      offset,
    };
  }

  /** Gives up the transfers of a group. */
  drop(group: number): void {
    for (const running of this.#running.values()) if (running.group === group) running.abort.abort();
  }

  /** Gives up all transfers; resolves when they have ended. */
  async stop(): Promise<void> {
    for (const { abort } of this.#running.values()) abort.abort();
    await Promise.all(this.#ended);
  }
}

function refusalIn(answer: SnapshotStreamAnswer, peer: number): Error {
  if (answer.status === 'refused') return decodeError(answer.error);
  return new FlotillaError('UnexpectedResponse', {
    message: `node ${peer} asks again and again where the transfer of a snapshot should go on`,
    details: { from: `node ${peer}` },
  });
}

function notLeadingAnyMore(group: number): FlotillaError<'NotLeader'> {
  return new FlotillaError('NotLeader', {
    message: `this node does not lead group ${group} any more; the transfer of its snapshot is given up`,
    details: { group },
  });
}
