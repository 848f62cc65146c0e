import { type FlotillaError, isFlotillaError, toFlotillaError } from '@flotilla/errors';
import {
  type AddedMemberReport,
  type AdminRequest,
  decodeJsonReply,
  encodeAdminRequest,
  invalidArgument,
  type StoreReport,
} from '@flotilla/kv/protocol';
import { canonicalAddress } from '@flotilla/routing';
import { delay, type Runtime, withDeadline } from '@flotilla/runtime';
import { aborted, clientClosed, timedOut, withOutcome } from '../client-errors.js';
import { type ClientOptions, clientSettings } from '../client-options.js';
import { backoffMs, RETRY_BACKOFF } from '../connection/backoff.js';
import type { NodeLink } from '../connection/node-link.js';
import { NodeLinks } from '../connection/node-links.js';
import { checkedTimeout } from '../data/call.js';
import type { CallOptions } from '../data/requests.js';
import { failureKind } from '../request/retry-rules.js';
import type { AdminClient, MembersAdmin, NodeAnswer } from './admin-face.js';
import { addedMember, memberReports, nodeReport, storeReports } from './checked-reports.js';
import { groupSummaries } from './group-summaries.js';
import type { GroupSummary, NodeReport } from './node-report.js';

/** Changes of members move data: they take their time. */
const MEMBERS_TIMEOUT_MS = 600_000;

/** Of `FlotillaAdmin.open`. */
export type AdminOptions = Pick<
  ClientOptions,
  'endpoints' | 'transports' | 'runtime' | 'requestTimeoutMs' | 'attemptTimeoutMs'
>;

/** What the operators' calls are made of. */
export interface AdminParts {
  readonly links: NodeLinks;
  readonly runtime: Runtime;
  readonly endpoints: readonly string[];
  /** Addresses of the nodes that are known beside the endpoints. */
  addresses(): readonly string[];
  readonly requestTimeoutMs: number;
  readonly attemptTimeoutMs: number;
}

/** Asks for something, and reads the answer. */
interface Question<T> {
  readonly name: string;
  readonly request: AdminRequest;
  /** Asking twice does no harm. */
  readonly harmless: boolean;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  read(from: string, value: unknown): T;
}

/** The operators' face of a cluster. Works, as far as can be, with nodes that are down and groups that nobody leads. */
export class FlotillaAdmin implements AdminClient, AsyncDisposable {
  readonly #parts: AdminParts;
  /** The node that group 0's changes go to, as last heard. */
  #leaderAddress: string | undefined;

  /** For a client's `admin`; use `open` otherwise. */
  constructor(parts: AdminParts) {
    this.#parts = parts;
  }

  /** Dials nothing until it is asked something. @throws {FlotillaError} InvalidConfig, InvalidArgument for bad options */
  static open(options: AdminOptions): FlotillaAdmin {
    const { limits, requestTimeoutMs, attemptTimeoutMs } = clientSettings(options);
    const { transports, runtime } = options;
    const links = new NodeLinks({ transports, runtime, inFlightPerNodeMax: limits.inFlightPerNodeMax });
    const endpoints = [...new Set(options.endpoints.map(canonicalAddress))];
    return new FlotillaAdmin({ links, runtime, endpoints, addresses: () => [], requestTimeoutMs, attemptTimeoutMs });
  }

  readonly members: MembersAdmin = {
    list: (options) => this.#ask(this.#question('listing members', { op: 'membersList' }, options, memberReports)),
    add: (request, options) => {
      const { nodeId } = request ?? {};
      const body: AdminRequest = nodeId === undefined ? { op: 'membersAdd' } : { op: 'membersAdd', nodeId };
      return this.#change<AddedMemberReport>('adding a member', body, options, addedMember);
    },
    remove: (node, options) => this.#change('removing a member', { op: 'membersRemove', node }, options, nothing),
    replace: (oldNode, newNode, options) =>
      this.#change('replacing a member', { op: 'membersReplace', oldNode, newNode }, options, nothing),
    pin: (node, { add = [], remove = [] }, options) => {
      const timeoutMs = options?.timeoutMs ?? this.#parts.requestTimeoutMs;
      const body: AdminRequest = { op: 'membersPin', node, add, remove };
      return this.#change('changing keys on record', body, { ...options, timeoutMs }, nothing);
    },
  };

  async nodeStatus(endpoint: string, options?: CallOptions): Promise<NodeReport> {
    return this.#askOne(endpoint, this.#question('asking for status', { op: 'nodeStatus' }, options, nodeReport));
  }

  async stores(endpoint: string, options?: CallOptions): Promise<readonly StoreReport[]> {
    return this.#askOne(endpoint, this.#question('asking for stores', { op: 'stores' }, options, storeReports));
  }

  async statuses(options?: CallOptions): Promise<readonly NodeAnswer[]> {
    const asked = new Map<string, Promise<NodeAnswer>>();
    const { endpoints, links } = this.#parts;
    const ask = (address: string): void => {
      if (!asked.has(address) && links.reaches(address)) asked.set(address, this.#status(address, options));
    };
    for (const address of [...endpoints, ...this.#parts.addresses()]) ask(address);
    // What answered names others, which are asked too, until nobody new is named.
    for (let known = 0; known < asked.size;) {
      known = asked.size;
      for (const peer of peersOf(await Promise.all(asked.values()))) {
        if (peer.state !== 'decommissioned') for (const address of peer.addresses) ask(address);
      }
    }
    return eachNodeOnce(await Promise.all(asked.values()));
  }

  async #status(endpoint: string, options: CallOptions | undefined): Promise<NodeAnswer> {
    const { requestTimeoutMs, attemptTimeoutMs } = this.#parts;
    const timeoutMs = options?.timeoutMs ?? Math.min(requestTimeoutMs, attemptTimeoutMs);
    try {
      const report = await this.nodeStatus(endpoint, { ...options, timeoutMs });
      return { reachable: true, endpoint, report };
    } catch (error) {
      if (options?.signal?.aborted === true) throw error;
      return { reachable: false, endpoint, id: 0, error: toFlotillaError(error) };
    }
  }

  async groups(options?: CallOptions): Promise<readonly GroupSummary[]> {
    const answers = await this.statuses(options);
    const reports = answers.flatMap((answer) => (answer.reachable ? [answer.report] : []));
    const [first] = answers;
    if (reports.length === 0 && first?.reachable === false) throw first.error;
    return groupSummaries(reports);
  }

  async transfer(group: number, to: number, options?: CallOptions): Promise<void> {
    const timeoutMs = options?.timeoutMs ?? this.#parts.requestTimeoutMs;
    await this.#change('transferring leadership', { op: 'transfer', group, to }, { ...options, timeoutMs }, nothing);
  }

  /** Ends its connections; not for a client's `admin`, whose connections the client ends. */
  close(): Promise<void> {
    return this.#parts.links.close(clientClosed('asking', 'unknown'));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #question<T>(
    name: string,
    request: AdminRequest,
    options: CallOptions | undefined,
    read: (from: string, value: unknown) => T,
  ): Question<T> {
    const timeoutMs = options?.timeoutMs ?? this.#parts.requestTimeoutMs;
    return { name, request, harmless: true, timeoutMs, signal: options?.signal, read };
  }

  async #change<T>(
    name: string,
    request: AdminRequest,
    options: CallOptions | undefined,
    read: (from: string, value: unknown) => T,
  ): Promise<T> {
    checkIds(request);
    const timeoutMs = options?.timeoutMs ?? MEMBERS_TIMEOUT_MS;
    return this.#ask({ name, request, harmless: false, timeoutMs, signal: options?.signal, read });
  }

  async #askOne<T>(endpoint: string, question: Question<T>): Promise<T> {
    const link = this.#parts.links.at(endpoint);
    link.forgetFailure();
    return this.#within(question, (signal) => this.#exchange(link, question, signal));
  }

  /** Asks one node after the other until one answers; what may have been done is not asked for again. */
  #ask<T>(question: Question<T>): Promise<T> {
    return this.#within(question, async (signal, failed) => {
      for (let round = 1; ; round++) {
        for (const link of this.#nodes()) {
          try {
            return await this.#exchange(link, question, signal);
          } catch (error) {
            const refusal = toFlotillaError(error);
            if (signal.aborted || failureKind(refusal) === 'refused') throw refusal;
            if (refusal.outcome === 'unknown' && !question.harmless) throw refusal;
            failed(refusal);
            this.#redirect(refusal);
          }
        }
        const { runtime } = this.#parts;
        await delay(runtime, backoffMs(runtime, RETRY_BACKOFF, round), signal);
      }
    });
  }

  async #exchange<T>(link: NodeLink, question: Question<T>, signal: AbortSignal): Promise<T> {
    const reply = await link.request(encodeAdminRequest(question.request), signal);
    return question.read(link.address, decodeJsonReply(reply));
  }

  async #within<T>(
    question: Question<T>,
    work: (signal: AbortSignal, failed: (error: FlotillaError) => void) => Promise<T>,
  ): Promise<T> {
    const { name, signal, harmless } = question;
    const ms = checkedTimeout(question.timeoutMs);
    const outcome = harmless ? 'definite' : 'unknown';
    let last: FlotillaError | undefined;
    const expired = (): FlotillaError => timedOut(name, ms, outcome, last);
    try {
      return await withDeadline(this.#parts.runtime, { ms, signal, expired }, (inner) =>
        work(inner, (error) => {
          last = error;
        }),
      );
    } catch (error) {
      if (signal?.aborted === true && !isFlotillaError(error)) throw aborted(name, error, outcome);
      const known = toFlotillaError(error);
      throw harmless ? withOutcome(known, 'definite') : known;
    }
  }

  /** Whom to ask, in order: the leader as last named, open links, then all addresses that can be dialled. */
  *#nodes(): Generator<NodeLink> {
    const { links, endpoints } = this.#parts;
    const given = new Set<string>();
    for (;;) {
      const addresses = [
        ...(this.#leaderAddress === undefined ? [] : [this.#leaderAddress]),
        ...links.open().map((link) => link.address),
        ...endpoints,
        ...this.#parts.addresses(),
      ];
      const next = addresses.find((address) => !given.has(address) && links.reaches(address));
      if (next === undefined) return;
      given.add(next);
      const link = links.at(next);
      if (link.usable) yield link;
    }
  }

  #redirect(error: FlotillaError): void {
    this.#leaderAddress = isFlotillaError(error, 'NotLeader') ? error.details.address : undefined;
  }
}

function nothing(): void {
  return undefined;
}

function checkIds(request: AdminRequest): void {
  for (const [name, value] of Object.entries(request)) {
    if (name === 'op' || Array.isArray(value) || (Number.isSafeInteger(value) && (value as number) >= 0)) continue;
    throw invalidArgument(name, `${String(value)} is no whole number from 0 on`);
  }
}

interface NamedPeer {
  readonly id: number;
  readonly state: string;
  readonly addresses: readonly string[];
}

function peersOf(answers: readonly NodeAnswer[]): NamedPeer[] {
  return answers.flatMap((answer) => (answer.reachable ? answer.report.peers : []));
}

/** One answer for each node, by id; those of whom not even the id is known last. A node that answered anywhere is reachable. */
function eachNodeOnce(answers: readonly NodeAnswer[]): NodeAnswer[] {
  const idOf = new Map<string, number>();
  for (const { id, addresses } of peersOf(answers)) for (const address of addresses) idOf.set(address, id);
  const byId = new Map<number, NodeAnswer>();
  const unknown: NodeAnswer[] = [];
  for (const answer of answers) {
    const id = answer.reachable ? answer.report.id : (idOf.get(answer.endpoint) ?? 0);
    if (id === 0) unknown.push(answer);
    else if (byId.get(id)?.reachable !== true) byId.set(id, answer.reachable ? answer : { ...answer, id });
  }
  const known = [...byId].sort(([a], [b]) => a - b).map(([, answer]) => answer);
  return [...known, ...unknown];
}
