import { concat } from '@flotilla/bytes';
import type { FlotillaError } from '@flotilla/errors';
import {
  checkKeyspace,
  type Command,
  type Consistency,
  cursorScope,
  decodeCursor,
  encodeCursor,
  groupOfKeyspace,
  GROUP_WIDE_VSHARD,
  invalidArgument,
  KEY_BYTES_MAX,
  type KeyRange,
  type KeyValue,
  prefixEnd,
  type RangeOperation,
  vshardOfRange,
} from '@flotilla/kv/protocol';
import { unexpectedResponse } from '../client-errors.js';
import type { ClusterView } from '../cluster-view/cluster-view.js';
import { type GroupRange, readRange } from './answers.js';
import type { Caller, Destination } from './call.js';
import { rangeOperationOf } from './commands.js';
import { mergeRanges, pairOrder } from './group-merge.js';
import { KeyValuePair } from './key-value-pair.js';
import { type KeySelector, rangeOf } from './key-selector.js';
import type { RangeOptions, ScanOptions } from './requests.js';
import type { RangeResult } from './results.js';

const PAGE_LIMIT_DEFAULT = 1_000;
const BUFFERED_PAIRS_DEFAULT = 4_096;
const ZERO = Uint8Array.of(0);

/** Where a range has to be read: in one place, or in every group. */
export interface Spread {
  readonly destinations: readonly Destination[];
  /** One place holds all of it. */
  readonly single: boolean;
}

/** The places that hold the keys of a range. @throws {FlotillaError} InvalidArgument for no keyspace */
export function spreadOf(view: ClusterView, keyspace: number, range: KeyRange): Spread {
  checkKeyspace(keyspace);
  const pinned = groupOfKeyspace(keyspace);
  if (pinned !== undefined) return { destinations: [{ vshard: GROUP_WIDE_VSHARD, group: pinned }], single: true };
  const vshard = vshardOfRange(range);
  if (vshard !== undefined) return { destinations: [{ vshard, group: 0 }], single: true };
  const destinations = view.dataGroups().map((group) => ({ vshard: GROUP_WIDE_VSHARD, group }));
  return { destinations, single: destinations.length === 1 };
}

/** Where a page begins: what is left of the range, and the revisions that its groups are read at. */
interface PageStart {
  readonly range: KeyRange;
  /** By group; empty: as it is now. */
  readonly revisions: ReadonlyMap<number, number>;
  readonly scope: number;
}

/** Reads ranges from all groups that hold them. */
export class RangeReader {
  readonly #view: ClusterView;
  readonly #caller: Caller;

  constructor(view: ClusterView, caller: Caller) {
    this.#view = view;
    this.#caller = caller;
  }

  /** Reads one page. */
  async page(selector: KeySelector, options: RangeOptions): Promise<RangeResult> {
    const limit = options.limit ?? PAGE_LIMIT_DEFAULT;
    if (!(Number.isSafeInteger(limit) && limit >= 1)) throw invalidArgument('limit', 'a whole number from 1 on');
    const keyspace = options.keyspace ?? 0;
    const whole = rangeOf(selector);
    const spread = spreadOf(this.#view, keyspace, whole);
    if (!spread.single) refuseRevisions(options);
    const descending = options.sortOrder === 'descend';
    const byKey = (options.sortTarget ?? 'key') === 'key' && options.countOnly !== true;
    if (!byKey && options.cursor !== undefined) {
      throw invalidArgument('cursor', 'only pages that are sorted by key can be continued');
    }
    const start = pageStart(whole, keyspace, options.cursor, descending);
    const parts = await this.#parts(spread, keyspace, start, options, {
      limit: options.countOnly === true ? 0 : limit,
      count: 'total',
    });
    const { kvs, more } = mergeRanges(
      parts,
      pairOrder(options.sortTarget ?? 'key', options.sortOrder ?? 'none'),
      limit,
    );
    const revisions = parts.map(({ group, revision }) => ({
      group,
      revision: start.revisions.get(group) ?? ((options.revision ?? 0) || revision),
    }));
    return {
      kvs: kvs.map((kv) => new KeyValuePair(kv)),
      count: parts.reduce((sum, { answer }) => sum + answer.count, 0),
      more: options.countOnly === true ? false : more,
      cursor: byKey
        ? encodeCursor({ scope: start.scope, positions: revisions, after: more ? kvs.at(-1)?.key : undefined })
        : undefined,
      revisions,
    };
  }

  async #parts(
    spread: Spread,
    keyspace: number,
    start: PageStart,
    options: RangeOptions,
    overrides: Partial<RangeOperation>,
  ): Promise<GroupRange[]> {
    const consistency = options.consistency ?? 'linearizable';
    const parts = spread.destinations.map((to) => {
      const group = to.group === 0 ? this.#view.groupOf(to.vshard) : to.group;
      const revision = (group === undefined ? undefined : start.revisions.get(group)) ?? options.revision ?? 0;
      const operation = rangeOperationOf(start.range, options, { ...overrides, revision });
      return this.#read('range', { keyspace, operation }, to, consistency, options);
    });
    return (await Promise.all(parts)).sort((a, b) => a.group - b.group);
  }

  #read(
    operation: string,
    command: Command,
    to: Destination,
    consistency: Consistency,
    options: RangeOptions | ScanOptions,
  ): Promise<GroupRange> {
    return this.#caller.read(operation, command, to, consistency, options, readRange);
  }

  /** Reads a range pair by pair, in order of keys. Each group is read ahead by one short page. */
  async *scan(selector: KeySelector, options: ScanOptions): AsyncGenerator<KeyValuePair, void, undefined> {
    const keyspace = options.keyspace ?? 0;
    const whole = rangeOf(selector);
    const { destinations } = spreadOf(this.#view, keyspace, whole);
    const descending = options.sortOrder === 'descend';
    const start = pageStart(whole, keyspace, options.cursor, descending);
    const buffered = options.bufferedPairsMax ?? BUFFERED_PAIRS_DEFAULT;
    if (!(Number.isSafeInteger(buffered) && buffered >= 1)) {
      throw invalidArgument('bufferedPairsMax', 'a whole number from 1 on');
    }
    const limit = Math.max(1, Math.floor(buffered / destinations.length));
    const fetch = (to: Destination, range: KeyRange, revision: number): Promise<GroupRange> => {
      const operation = rangeOperationOf(
        range,
        {
          ...(options.sortOrder === undefined ? {} : { sortOrder: options.sortOrder }),
          ...(options.keysOnly === undefined ? {} : { keysOnly: options.keysOnly }),
          revision,
          limit,
        },
        { count: 'returned' },
      );
      return this.#read('scan', { keyspace, operation }, to, options.consistency ?? 'linearizable', options);
    };
    const groups = await Promise.all(
      destinations.map(async (to) => {
        const at = start.revisions.get(to.group === 0 ? (this.#view.groupOf(to.vshard) ?? 0) : to.group) ?? 0;
        const part = await fetch(to, start.range, at);
        return new GroupScan(part, at === 0 ? part.revision : at, (range, revision) => fetch(to, range, revision));
      }),
    );
    const order = pairOrder('key', options.sortOrder ?? 'none');
    for (;;) {
      let best: GroupScan | undefined;
      for (const group of groups) {
        if (group.head === undefined && group.hasMore) await group.advance(start.range, descending);
        if (group.head !== undefined && (best?.head === undefined || order(group.head, best.head) < 0)) best = group;
      }
      const kv = best?.take();
      if (kv === undefined) return;
      yield new KeyValuePair(kv);
    }
  }
}

/** One group's share of a scan: the page that is being read, and how to get the next one. */
class GroupScan {
  readonly #revision: number;
  readonly #fetch: (range: KeyRange, revision: number) => Promise<GroupRange>;
  #part: GroupRange;
  #at = 0;

  constructor(part: GroupRange, revision: number, fetch: (range: KeyRange, revision: number) => Promise<GroupRange>) {
    this.#part = part;
    this.#revision = revision;
    this.#fetch = fetch;
  }

  /** The next pair; undefined: the page is used up. */
  get head(): KeyValue | undefined {
    return this.#part.answer.kvs[this.#at];
  }

  get hasMore(): boolean {
    return this.#part.answer.more;
  }

  take(): KeyValue | undefined {
    const kv = this.head;
    this.#at++;
    return kv;
  }

  /** Gets the page behind the last pair, at the same revision. */
  async advance(range: KeyRange, descending: boolean): Promise<void> {
    const last = this.#part.answer.kvs.at(-1);
    if (last === undefined) {
      throw unexpectedResponse(`group ${this.#part.group}`, new Error('an empty page that has more'), 'definite');
    }
    this.#part = await this.#fetch(behind(range, last.key, descending), this.#revision);
    this.#at = 0;
  }
}

/** What is left of a range behind a key. */
function behind(range: KeyRange, key: Uint8Array, descending: boolean): KeyRange {
  if (descending) return { key: range.key, end: key };
  // A key of full length has no longer one behind it: the next is the first that does not begin with it.
  const next = key.length < KEY_BYTES_MAX ? concat([key, ZERO]) : prefixEnd(key);
  // A range of one key has nothing behind it: an empty range, whose end is at its key.
  return { key: next, end: range.end ?? next };
}

function pageStart(whole: KeyRange, keyspace: number, cursor: string | undefined, descending: boolean): PageStart {
  const scope = cursorScope(keyspace, whole.key, whole.end);
  if (cursor === undefined) return { range: whole, revisions: new Map(), scope };
  const { positions, after } = decodeCursor(cursor, scope);
  if (after === undefined) throw invalidArgument('cursor', 'nothing is left behind it');
  return {
    range: behind(whole, after, descending),
    revisions: new Map(positions.map(({ group, revision }) => [group, revision])),
    scope,
  };
}

/** Groups count revisions for themselves: one number says nothing of a range that is spread over them. */
function refuseRevisions(options: RangeOptions): void {
  for (const name of [
    'revision',
    'minModRevision',
    'maxModRevision',
    'minCreateRevision',
    'maxCreateRevision',
  ] as const) {
    if ((options[name] ?? 0) !== 0) throw spreadRevision(name);
  }
}

function spreadRevision(name: string): FlotillaError<'InvalidArgument'> {
  return invalidArgument(
    name,
    'the range is spread over groups, each of which counts revisions for itself; use a cursor, a hash tag or a pinned keyspace',
  );
}
