import type { ReadSink } from '@flotilla/cluster';
import { FlotillaError } from '@flotilla/errors';
import type { Runtime } from '@flotilla/runtime';
import type { Consistency } from '../protocol/client-frame.js';
import { checkCommand, invalidArgument } from '../protocol/command-check.js';
import { decodeCommand } from '../protocol/command-codec.js';
import { RANGE_PAGE_BYTES } from '../protocol/limits.js';
import type { RangeOperation } from '../protocol/operation.js';
import { vshardOfCommand } from '../protocol/vshard-of-command.js';
import type { KvGroups } from '../state-machine/kv-groups.js';
import { compositeRange } from '../store/composite-range.js';
import type { KvStore, Pin } from '../store/kv-store.js';
import { RangeScan } from '../store/range-scan.js';
import type { EndpointLimits } from './endpoint-limits.js';
import type { EndpointNode } from './endpoint-node.js';
import type { Leadership } from './leadership.js';
import { checkOwner, groupNotFound, overloaded } from './refusals.js';
import type { Requester } from './requester.js';
import { SlotTable } from './slot-table.js';

interface Read {
  readonly requester: Requester;
  readonly id: number;
  readonly group: number;
  readonly keyspace: number;
  readonly operation: RangeOperation;
}

/** A long read under way: its revision is pinned, so that writes and compaction go on beside it. */
interface Scan extends Read {
  readonly scan: RangeScan;
  readonly store: KvStore;
  readonly pin: Pin;
  readonly revision: number;
  cancelled: boolean;
}

/** What reads are made of. */
export interface ReadsOptions {
  readonly node: EndpointNode;
  readonly groups: KvGroups;
  readonly leadership: Leadership;
  readonly runtime: Runtime;
  readonly limits: EndpointLimits;
}

/**
 * Serves ranges. A linearizable one waits for the group's read index, which all reads of a turn share, and is then read
 * from the local store; a long one is done in steps between which other work has its turn.
 */
export class Reads implements ReadSink {
  readonly #options: ReadsOptions;
  readonly #waiting = new SlotTable<Read>();
  /** Groups whose log was seen replayed here. */
  readonly #replayed = new Set<number>();
  #scans: Scan[] = [];
  #stepping = false;
  readonly #step = (): void => this.#stepScans();

  constructor(options: ReadsOptions) {
    this.#options = options;
  }

  /** Reads that wait for their read index. */
  get pending(): number {
    return this.#waiting.size;
  }

  /** Long scans under way. */
  get scans(): number {
    return this.#scans.length;
  }

  /** Checks and serves a read; the answer, or why there is none, goes to the requester. */
  read(requester: Requester, id: number, group: number, consistency: Consistency, command: Uint8Array): void {
    try {
      const { node, leadership } = this.#options;
      const read = this.#checked(requester, id, group, command);
      if (consistency === 'stale') return this.#serveStale(read);
      if (consistency === 'linearizable' && !leadership.leads(group)) throw leadership.refusal(group);
      node.submitRead(group, this, this.#waiting.put(read));
    } catch (error) {
      requester.fail(id, error);
    }
  }

  #checked(requester: Requester, id: number, group: number, bytes: Uint8Array): Read {
    const command = decodeCommand(bytes);
    checkCommand(command, bytes.length);
    const { keyspace, operation } = command;
    if (operation.kind !== 'range') throw invalidArgument('operation', 'only a range can be read; propose what writes');
    checkOwner(this.#options.node.routing(), group, keyspace, vshardOfCommand(command));
    return { requester, id, group, keyspace, operation };
  }

  /** A replica that has not replayed its log shows a state that was long past before it stopped: it answers only once it has. */
  #serveStale(read: Read): void {
    const { group } = read;
    if (!this.#replayed.has(group)) {
      const { commitIndex, appliedIndex } = this.#options.node.groupStatus(group);
      if (appliedIndex < commitIndex || !this.#options.leadership.known(group)) throw replaying(group, appliedIndex);
      this.#replayed.add(group);
    }
    this.#serve(read);
  }

  /** The group left this node. */
  forget(group: number): void {
    this.#replayed.delete(group);
  }

  ready(slot: number): void {
    const read = this.#waiting.take(slot);
    if (read === undefined || read.requester.closed) return;
    try {
      this.#serve(read);
    } catch (error) {
      read.requester.fail(read.id, error);
    }
  }

  failed(slot: number, error: FlotillaError): void {
    const read = this.#waiting.take(slot);
    read?.requester.fail(read.id, error);
  }

  #serve(read: Read): void {
    const { groups, limits } = this.#options;
    const store = groups.machine(read.group)?.store;
    if (store === undefined) throw groupNotFound(read.group);
    const { operation } = read;
    const revision = store.readableRevision(operation.revision);
    const scan = new RangeScan(store, compositeRange(read.keyspace, operation), operation, revision, RANGE_PAGE_BYTES);
    if (scan.advance(limits.scanStepKeys)) {
      read.requester.readAnswer(read.id, { revision: store.revision, answer: scan.answer() });
      return;
    }
    if (this.#scans.length >= limits.scansMax) throw overloaded('long scans under way', limits.scansMax);
    this.#scans.push({
      ...read,
      scan,
      store,
      pin: store.pin(revision),
      revision: store.revision,
      cancelled: false,
    });
    this.#scheduleStep();
  }

  /** The requester no longer wants an answer. Saves the rest of a long scan; a short one is not looked for. */
  cancel(requester: Requester, id: number): void {
    for (const scan of this.#scans) if (scan.requester === requester && scan.id === id) scan.cancelled = true;
  }

  #scheduleStep(): void {
    if (this.#stepping) return;
    this.#stepping = true;
    this.#options.runtime.nextTurn(this.#step);
  }

  #stepScans(): void {
    this.#stepping = false;
    const scan = this.#scans.shift();
    if (scan === undefined) return;
    if (this.#stepOne(scan)) scan.store.unpin(scan.pin);
    else this.#scans.push(scan);
    if (this.#scans.length > 0) this.#scheduleStep();
  }

  /** True once the scan needs no more steps. */
  #stepOne(step: Scan): boolean {
    const { requester, id, scan, revision } = step;
    if (step.cancelled || requester.closed) return true;
    try {
      if (!scan.advance(this.#options.limits.scanStepKeys)) return false;
      requester.readAnswer(id, { revision, answer: scan.answer() });
    } catch (error) {
      requester.fail(id, error);
    }
    return true;
  }
}

function replaying(group: number, appliedIndex: number): FlotillaError<'NotReady'> {
  return new FlotillaError('NotReady', {
    message: `group ${group} has not heard of a leader here since it started, or is still applying what it missed (${appliedIndex} is applied)`,
    details: { reason: 'the replica is behind since its start' },
  });
}
