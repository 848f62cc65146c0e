import { compare } from '@flotilla/bytes';
import { toFlotillaError } from '@flotilla/errors';
import { canonicalAddress, vshardOfKey } from '@flotilla/routing';
import {
  checkKeyspace,
  type Command,
  cursorScope,
  decodeCursor,
  deleteRangeOperation,
  groupOfKeyspace,
  GROUP_WIDE_VSHARD,
  invalidArgument,
  putOperation,
  rangeOperation,
  vshardOfCommand,
} from '@flotilla/kv/protocol';
import type { Runtime } from '@flotilla/runtime';
import type { AdminClient } from './admin/admin-face.js';
import { FlotillaAdmin } from './admin/flotilla-admin.js';
import type { KeyValueClient } from './client-face.js';
import { clientClosed, clientOverloaded, withOutcome } from './client-errors.js';
import { type ClientOptions, type ClientSettings, clientSettings } from './client-options.js';
import { ClusterView } from './cluster-view/cluster-view.js';
import { reachCluster } from './cluster-view/reach-cluster.js';
import { NodeLinks } from './connection/node-links.js';
import { readCompact, readDelete, readGet, readPut, readTxn, type GroupDelete } from './data/answers.js';
import { Caller, type Destination } from './data/call.js';
import { txnOperationOf, whole } from './data/commands.js';
import { type BytesLike, bytesOf, type KeySelector, rangeOf } from './data/key-selector.js';
import { KeyValuePair } from './data/key-value-pair.js';
import { RangeReader, spreadOf } from './data/range-reader.js';
import type {
  CallOptions,
  CompactTarget,
  DeleteOptions,
  GetOptions,
  KeyCallOptions,
  PutOptions,
  RangeOptions,
  ScanOptions,
  TxnSpec,
} from './data/requests.js';
import type { DeleteResult, PutResult, RangeResult, TxnResult, WriteResult } from './data/results.js';
import { TxnBuilder } from './data/txn-builder.js';
import { RequestEngine } from './request/request-engine.js';
import { KeyWatch } from './watch/key-watch.js';
import type { Watch, WatchOptions } from './watch/watch-face.js';

/** The parts of a client, put together. */
interface ClientParts {
  readonly runtime: Runtime;
  readonly settings: ClientSettings;
  readonly links: NodeLinks;
  readonly view: ClusterView;
  readonly engine: RequestEngine;
  readonly endpoints: readonly string[];
}

/**
 * A client of the key-value data. It learns from any node where every group lives and who leads it, sends each request there,
 * and repeats it where that is safe. One client serves any number of concurrent calls: those of a turn leave together.
 */
export class FlotillaClient implements KeyValueClient {
  readonly admin: AdminClient;
  readonly #parts: ClientParts;
  readonly #caller: Caller;
  readonly #ranges: RangeReader;
  readonly #watches = new Set<KeyWatch>();
  #closed = false;

  private constructor(parts: ClientParts) {
    const { engine, runtime, settings, view, links, endpoints } = parts;
    const { requestTimeoutMs, attemptTimeoutMs } = settings;
    this.#parts = parts;
    this.admin = new FlotillaAdmin({
      links,
      runtime,
      endpoints,
      addresses: () => view.addresses(),
      requestTimeoutMs,
      attemptTimeoutMs,
    });
    this.#caller = new Caller(engine, runtime, requestTimeoutMs);
    this.#ranges = new RangeReader(view, this.#caller);
  }

  /**
   * Connects to a cluster through any of its nodes; endpoints that are down do no harm while one answers.
   *
   * Rejects with InvalidConfig or InvalidArgument for bad options, with Unreachable once `connectTimeoutMs` have passed, with
   * Aborted, or at once with what every endpoint refuses for good (WrongCluster, Unauthorized, IncompatibleVersion).
   */
  static async connect(options: ClientOptions): Promise<FlotillaClient> {
    const settings = clientSettings(options);
    const { runtime, transports } = options;
    const endpoints = [...new Set(options.endpoints.map(canonicalAddress))];
    const links = new NodeLinks({ transports, runtime, inFlightPerNodeMax: settings.limits.inFlightPerNodeMax });
    const { attemptTimeoutMs, connectTimeoutMs } = settings;
    const view = new ClusterView({ links, endpoints, runtime, attemptTimeoutMs, learned: () => engine.mapLearned() });
    const engine = new RequestEngine({ view, runtime, settings });
    const { signal } = options;
    try {
      await reachCluster({ view, links, endpoints, runtime, timeoutMs: connectTimeoutMs, signal });
    } catch (error) {
      await links.close(clientClosed('connecting', 'definite'));
      throw error;
    }
    return new FlotillaClient({ runtime, settings, links, view, engine, endpoints });
  }

  /** The cluster that the client belongs to: 32 hexadecimal digits. */
  get clusterId(): string {
    return this.#parts.view.clusterId ?? '';
  }

  /** Calls without an outcome. */
  get pending(): number {
    return this.#parts.engine.pending;
  }

  put(key: BytesLike, value: BytesLike, options?: PutOptions): Promise<PutResult> {
    return rejecting(() => {
      const keyBytes = bytesOf(key);
      const keyspace = options?.keyspace ?? 0;
      const operation = putOperation(keyBytes, bytesOf(value), options);
      const to = keyDestination(keyspace, keyBytes);
      return this.#caller.write('put', { keyspace, operation }, to, options, readPut);
    });
  }

  get(key: BytesLike, options?: GetOptions): Promise<KeyValuePair | undefined> {
    return rejecting(() => {
      const keyBytes = bytesOf(key);
      const keyspace = options?.keyspace ?? 0;
      const range = { key: keyBytes, end: undefined };
      const operation =
        options === undefined
          ? rangeOperation(range)
          : rangeOperation(range, {
              revision: whole('revision', options.revision),
              keysOnly: options.keysOnly ?? false,
            });
      const to = keyDestination(keyspace, keyBytes);
      return this.#caller.read(
        'get',
        { keyspace, operation },
        to,
        options?.consistency ?? 'linearizable',
        options,
        readGet,
      );
    });
  }

  async delete(selector: KeySelector, options?: DeleteOptions): Promise<DeleteResult> {
    const range = rangeOf(selector);
    const keyspace = options?.keyspace ?? 0;
    const command: Command = { keyspace, operation: deleteRangeOperation(range, options) };
    const { destinations } = spreadOf(this.#parts.view, keyspace, range);
    const parts = await all(
      destinations.map((to) => this.#caller.write<GroupDelete>('delete', command, to, options, readDelete)),
    );
    const prevKvs = parts.flatMap(({ answer }) => answer.prevKvs.map((kv) => new KeyValuePair(kv)));
    return {
      deleted: parts.reduce((sum, { answer }) => sum + answer.deleted, 0),
      prevKvs: parts.length === 1 ? prevKvs : prevKvs.sort((a, b) => compare(a.key, b.key)),
      writes: parts.map(({ group, revision }) => ({ group, revision })).sort((a, b) => a.group - b.group),
    };
  }

  range(selector: KeySelector, options?: RangeOptions): Promise<RangeResult> {
    return this.#ranges.page(selector, options ?? {});
  }

  scan(selector: KeySelector, options?: ScanOptions): AsyncGenerator<KeyValuePair, void, undefined> {
    return this.#ranges.scan(selector, options ?? {});
  }

  txn(): TxnBuilder;
  txn(spec: TxnSpec, options?: KeyCallOptions): Promise<TxnResult>;
  txn(spec?: TxnSpec, options?: KeyCallOptions): TxnBuilder | Promise<TxnResult> {
    if (spec === undefined) return new TxnBuilder((built, given) => this.#txn(built, given));
    return this.#txn(spec, options);
  }

  #txn(spec: TxnSpec, options: KeyCallOptions | undefined): Promise<TxnResult> {
    return rejecting(() => {
      const keyspace = options?.keyspace ?? 0;
      checkKeyspace(keyspace);
      const command: Command = { keyspace, operation: txnOperationOf(spec) };
      const pinned = groupOfKeyspace(keyspace);
      const vshard = vshardOfCommand(command);
      if (pinned === undefined && vshard === undefined)
        throw invalidArgument('txn', 'a transaction without an operation');
      const to = pinned === undefined ? { vshard: vshard as number, group: 0 } : groupWide(pinned);
      return this.#caller.write('txn', command, to, options, readTxn);
    });
  }

  async compact(target: CompactTarget, options?: CallOptions): Promise<readonly WriteResult[]> {
    const parts = compactions(target).map(({ group, revision }) => {
      const command: Command = { keyspace: 0, operation: { kind: 'compact', revision: whole('revision', revision) } };
      return this.#caller.write<WriteResult>('compact', command, groupWide(group), options, readCompact);
    });
    return all(parts);
  }

  watch(selector: KeySelector, options?: WatchOptions): Watch {
    const { view, runtime, settings } = this.#parts;
    const { watchesMax, watchEventsMax, watchBytesMax } = settings.limits;
    if (this.#closed) throw clientClosed('a watch', 'definite');
    if (this.#watches.size >= watchesMax) throw clientOverloaded('watches of this client', watchesMax);
    const watch = new KeyWatch(
      {
        view,
        runtime,
        eventsMax: watchEventsMax,
        bytesMax: watchBytesMax,
        ended: (ended) => this.#watches.delete(ended),
      },
      selector,
      options ?? {},
    );
    this.#watches.add(watch);
    return watch;
  }

  async close(): Promise<void> {
    const { engine, links } = this.#parts;
    this.#closed = true;
    for (const watch of this.#watches) watch.shutDown();
    engine.close();
    await links.close(clientClosed('sending', 'unknown'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function groupWide(group: number): Destination {
  return { vshard: GROUP_WIDE_VSHARD, group };
}

function keyDestination(keyspace: number, key: Uint8Array): Destination {
  if (keyspace === 0) return { vshard: vshardOfKey(key), group: 0 };
  checkKeyspace(keyspace);
  return groupWide(groupOfKeyspace(keyspace) as number);
}

function compactions(target: CompactTarget): readonly { readonly group: number; readonly revision: number }[] {
  if ('cursor' in target) {
    const { key, end } = rangeOf(target.selector);
    return decodeCursor(target.cursor, cursorScope(target.keyspace ?? 0, key, end)).positions;
  }
  if ('group' in target) return [target];
  checkKeyspace(target.keyspace);
  const group = groupOfKeyspace(target.keyspace);
  if (group === undefined)
    throw invalidArgument('keyspace', 'the keys of keyspace 0 lie in many groups; name one, or give a cursor');
  return [{ group, revision: target.revision }];
}

/** What a call throws before anything was sent, as its rejection. */
function rejecting<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call();
  } catch (error) {
    return Promise.reject(error);
  }
}

/** All parts of a call, once each has its outcome. Where only some were done, the outcome of the whole is `unknown`. */
async function all<T>(parts: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(parts);
  const done: T[] = [];
  let failed: PromiseRejectedResult | undefined;
  for (const part of settled) {
    if (part.status === 'fulfilled') done.push(part.value);
    else failed ??= part;
  }
  if (failed === undefined) return done;
  const error = toFlotillaError(failed.reason);
  throw done.length === 0 ? error : withOutcome(error, 'unknown');
}
