import { decodeError, type FlotillaError, type Outcome } from '@flotilla/errors';
import { answerOf, type ClientFrameWriter, decodeAnswer, errorOfAnswer } from '@flotilla/kv/protocol';
import { onAbort, type Runtime } from '@flotilla/runtime';
import {
  aborted,
  clientClosed,
  clientOverloaded,
  noAnswer,
  noReplica,
  notMapped,
  timedOut,
  unexpectedResponse,
  withOutcome,
} from '../client-errors.js';
import type { ClientSettings } from '../client-options.js';
import type { ClusterView } from '../cluster-view/cluster-view.js';
import { backoffMs, RETRY_BACKOFF } from '../connection/backoff.js';
import type { NodeLink } from '../connection/node-link.js';
import type { ClientSession } from '../session/client-session.js';
import { ClientSessions } from '../session/client-sessions.js';
import { SessionEnd } from '../session/session-end.js';
import { DeadlineSweep } from './deadline-sweep.js';
import { PendingRequest, type RequestOwner, type RequestSpec } from './pending-request.js';
import { failureKind, mayRepeat } from './retry-rules.js';
import { writeRequest } from './write-request.js';

/** Redirects in a row that are followed at once; those above wait, since nodes may name each other in turn. */
const PROMPT_REDIRECTS = 3;
/** Doublings of the time that one attempt gets. */
const ATTEMPT_DOUBLINGS_MAX = 4;
/** First byte of an answer that carries an error of the way to the command, rather than the command's own. */
const ANSWER_ERROR = 1;
const EMPTY = new Uint8Array(0);

/** What the engine is made of. */
export interface RequestEngineOptions {
  readonly view: ClusterView;
  readonly runtime: Runtime;
  readonly settings: ClientSettings;
}

/**
 * Carries requests to whoever can serve them, again and again until the outcome is known, the deadline has passed, or
 * repeating it is not safe. An error it gives is `definite` only where no attempt can be applied.
 */
export class RequestEngine implements RequestOwner {
  readonly #view: ClusterView;
  readonly #runtime: Runtime;
  readonly #settings: ClientSettings;
  readonly #sessions: ClientSessions;
  readonly #pending = new Set<PendingRequest>();
  /** Requests that wait for a leader, and are tried when one is heard of. */
  readonly #leaderless = new Set<PendingRequest>();
  #pendingBytes = 0;
  readonly #deadlines: DeadlineSweep;
  #closed = false;

  constructor(options: RequestEngineOptions) {
    this.#view = options.view;
    this.#runtime = options.runtime;
    this.#settings = options.settings;
    this.#sessions = new ClientSessions(options.runtime, options.settings.sessionTtlMs);
    this.#deadlines = new DeadlineSweep(options.runtime, (now) => this.#sweep(now));
  }

  /** Requests without an outcome. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Takes a request in; its outcome goes to `resolve` or `reject`, at once where it is refused. */
  submit(spec: RequestSpec): void {
    const { pendingRequestsMax, pendingBytesMax } = this.#settings.limits;
    const { operation, signal } = spec;
    if (this.#closed) return spec.reject(clientClosed(operation, 'definite'));
    if (signal?.aborted === true) return spec.reject(aborted(operation, signal.reason, 'definite'));
    if (this.#pending.size >= pendingRequestsMax) {
      return spec.reject(clientOverloaded('requests of this client without an outcome', pendingRequestsMax));
    }
    if (this.#pending.size > 0 && this.#pendingBytes + spec.command.length > pendingBytesMax) {
      return spec.reject(clientOverloaded('bytes of requests of this client without an outcome', pendingBytesMax));
    }
    const request = new PendingRequest(this, spec);
    if (signal !== undefined) {
      request.forgetSignal = onAbort(signal, () =>
        this.#giveUp(request, aborted(operation, signal.reason, this.#outcome(request))),
      );
    }
    this.#admit(request);
  }

  #admit(request: PendingRequest): void {
    this.#pending.add(request);
    this.#pendingBytes += request.spec.command.length;
    this.#deadlines.by(request.spec.deadline);
    this.#attempt(request);
  }

  /** A map was taken in: requests that wait for a leader are tried. */
  mapLearned(): void {
    const waiting = Array.from(this.#leaderless);
    for (const request of waiting) {
      if (this.#view.leaderOf(request.group) === undefined) continue;
      request.retryTimer?.cancel();
      this.#attempt(request);
    }
  }

  /** Ends all: what is pending rejects, and sessions that nothing waits for are ended on the servers. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const request of this.#pending) {
      this.#giveUp(request, clientClosed(request.spec.operation, this.#outcome(request)));
    }
    this.#deadlines.stop();
    for (const { group, envelope } of this.#sessions.endAll()) {
      const link = this.#view.leaderLink(group);
      if (link?.isOpen === true) link.send(new SessionEnd(group, envelope));
    }
  }

  // One attempt

  #attempt(request: PendingRequest): void {
    request.retryTimer = undefined;
    this.#leaderless.delete(request);
    const { spec } = request;
    const group = spec.group === 0 ? this.#view.groupOf(spec.vshard) : spec.group;
    if (group === undefined) return this.#failed(request, notMapped(spec.vshard), false);
    request.group = group;
    if (spec.kind === 'write' && this.#settings.sessions === 'on' && !this.#enterSession(request)) return;
    const link = this.#route(request);
    if (link === undefined) return this.#failed(request, noReplica(group), false);
    request.attempts++;
    request.link = link;
    const doublings = Math.min(request.attempts - 1, ATTEMPT_DOUBLINGS_MAX);
    request.attemptDeadline = this.#runtime.now() + this.#settings.attemptTimeoutMs * 2 ** doublings;
    this.#deadlines.by(request.attemptDeadline);
    link.send(request);
  }

  #route(request: PendingRequest): NodeLink | undefined {
    const { kind, consistency } = request.spec;
    const { group } = request;
    const toLeader = kind !== 'read' || consistency === 'linearizable';
    const leader = toLeader ? this.#view.leaderLink(group) : undefined;
    if (leader !== undefined) {
      request.asked = this.#view.leaderOf(group)?.node ?? leader.nodeId;
      return leader;
    }
    const replica = this.#view.replicaLink(group, !toLeader);
    request.asked = replica?.nodeId ?? 0;
    return replica;
  }

  /** Gives the request its place in a session. False: it waits for the session to be registered. */
  #enterSession(request: PendingRequest): boolean {
    if (request.session !== undefined) {
      request.session.usedAt = this.#runtime.now();
      return true;
    }
    const session = this.#sessions.use(request.spec.vshard, request.group);
    if (session.state === 'open') {
      request.session = session;
      request.sequence = session.begin();
      return true;
    }
    session.waiting.add(request);
    if (session.registration === undefined) this.#register(session, request.spec);
    return false;
  }

  #register(session: ClientSession, first: RequestSpec): void {
    const registration = new PendingRequest(this, {
      kind: 'register',
      operation: 'registering a session',
      command: EMPTY,
      vshard: first.vshard,
      group: first.group,
      consistency: 'linearizable',
      read: () => undefined,
      deadline: Infinity,
      timeoutMs: Infinity,
      signal: undefined,
      resolve: () => this.#registered(session),
      reject: (error) => this.#notRegistered(session, error),
    });
    session.registration = registration;
    registration.session = session;
    this.#admit(registration);
  }

  #registered(session: ClientSession): void {
    session.state = 'open';
    session.registration = undefined;
    const waiting = [...session.waiting];
    session.waiting.clear();
    for (const request of waiting) this.#attempt(request);
  }

  #notRegistered(session: ClientSession, error: FlotillaError): void {
    session.registration = undefined;
    const waiting = [...session.waiting];
    session.waiting.clear();
    this.#sessions.end(session, session.group);
    for (const request of waiting) this.#giveUp(request, withOutcome(error, this.#outcome(request)));
  }

  /** Appends the message; called by the link as it sends. */
  write(request: PendingRequest, writer: ClientFrameWriter, id: number): void {
    writeRequest(request, writer, id, this.#settings.sessionTtlMs);
  }

  // What becomes of it

  answered(request: PendingRequest, body: Uint8Array): void {
    const from = request.link?.address ?? '';
    try {
      if (body[0] === ANSWER_ERROR) return this.#failed(request, decodeError(body.subarray(1)), true);
      const inner = answerOf(body);
      if (request.spec.kind === 'register') return this.#settle(request, undefined);
      const refusal = errorOfAnswer(inner);
      if (refusal !== undefined) return this.#giveUp(request, refusal);
      this.#settle(request, request.spec.read(decodeAnswer(inner), request.group));
    } catch (error) {
      this.#giveUp(request, unexpectedResponse(from, error, request.spec.kind === 'write' ? 'unknown' : 'definite'));
    }
  }

  lost(request: PendingRequest, error: FlotillaError, sent: boolean): void {
    this.#failed(request, error, sent);
  }

  #failed(request: PendingRequest, error: FlotillaError, sent: boolean): void {
    request.link = undefined;
    request.attemptDeadline = Infinity;
    request.lastError = error;
    const unknown = sent && error.outcome === 'unknown' && request.spec.kind === 'write';
    if (error.code === 'SessionExpired' && request.session !== undefined) return this.#sessionExpired(request, error);
    if (unknown) request.uncertain = true;
    const kind = failureKind(error);
    const repeatable = !unknown || mayRepeat(request.spec.kind, request.session !== undefined);
    if (kind === 'refused' || !repeatable) return this.#giveUp(request, withOutcome(error, this.#outcome(request)));
    const redirected = this.#learnFrom(request, error);
    if (redirected && request.failures < PROMPT_REDIRECTS) {
      request.failures++;
      return this.#attempt(request);
    }
    this.#retryLater(request, kind === 'busy');
  }

  /** Takes in what a failure tells about the cluster. True where it names whom to ask next. */
  #learnFrom(request: PendingRequest, error: FlotillaError): boolean {
    const { group, asked } = request;
    const kind = failureKind(error);
    if (kind === 'busy') return false;
    if (isNotLeader(error) && error.details.group === group) {
      const { leader, address } = error.details;
      if (leader !== undefined && leader !== asked) {
        this.#view.setLeader(group, { node: leader, address });
        return true;
      }
    }
    this.#view.forgetLeader(group, asked);
    this.#view.refresh();
    return false;
  }

  #retryLater(request: PendingRequest, busy: boolean): void {
    request.failures++;
    if (!busy) this.#leaderless.add(request);
    const wait = backoffMs(this.#runtime, RETRY_BACKOFF, request.failures);
    request.retryTimer = this.#runtime.setTimer(wait, () => this.#attempt(request));
  }

  /**
   * The session is not known any more. A command of which this was the only attempt was not applied, and goes on in a new
   * session; of any other nobody can say.
   */
  #sessionExpired(request: PendingRequest, error: FlotillaError): void {
    const session = request.session as ClientSession;
    this.#sessions.end(session, request.group);
    if (request.uncertain || request.spec.kind === 'register') {
      return this.#giveUp(request, withOutcome(error, this.#outcome(request)));
    }
    session.settle(request.sequence);
    request.session = undefined;
    request.sequence = 0;
    this.#attempt(request);
  }

  /** What can be said of a request that is given up now. */
  #outcome(request: PendingRequest): Outcome {
    if (request.spec.kind !== 'write') return 'definite';
    return request.uncertain || request.isSent ? 'unknown' : 'definite';
  }

  #settle(request: PendingRequest, value: unknown): void {
    this.#forget(request);
    request.spec.resolve(value);
  }

  #giveUp(request: PendingRequest, error: FlotillaError): void {
    if (request.settled) return;
    this.#forget(request);
    request.spec.reject(error);
  }

  #forget(request: PendingRequest): void {
    const { spec, session } = request;
    request.settled = true;
    this.#pending.delete(request);
    this.#leaderless.delete(request);
    this.#pendingBytes -= spec.command.length;
    request.retryTimer?.cancel();
    request.link?.cancel(request);
    request.link = undefined;
    request.forgetSignal?.();
    if (spec.kind !== 'write' || this.#settings.sessions === 'off') return;
    if (session !== undefined) session.settle(request.sequence);
    else this.#leaveWaiting(request);
  }

  /** A request that waited for its session is gone; a registration that nobody waits for any more is given up. */
  #leaveWaiting(request: PendingRequest): void {
    if (request.group === 0) return;
    const session = this.#sessions.peek(request.spec.vshard, request.group);
    if (session === undefined || !session.waiting.delete(request) || session.waiting.size > 0) return;
    const { registration } = session;
    if (registration !== undefined) this.#giveUp(registration, clientClosed(registration.spec.operation, 'definite'));
  }

  // Deadlines

  /** Gives up what is overdue at `now`. @returns the next deadline */
  #sweep(now: number): number {
    let next = Infinity;
    for (const request of this.#pending) {
      const { operation, deadline, timeoutMs } = request.spec;
      if (deadline <= now) {
        this.#giveUp(request, timedOut(operation, timeoutMs, this.#outcome(request), request.lastError));
        continue;
      }
      if (request.attemptDeadline <= now) this.#attemptTimedOut(request);
      if (!request.settled) next = Math.min(next, deadline, request.attemptDeadline);
    }
    return next;
  }

  /** A node that does not answer is not waited for longer than need be; a write that must not be repeated waits on. */
  #attemptTimedOut(request: PendingRequest): void {
    const { link, group } = request;
    if (link === undefined) return;
    request.attemptDeadline = Infinity;
    if (request.isSent && !mayRepeat(request.spec.kind, request.session !== undefined)) {
      this.#view.forgetLeader(group, request.asked);
      this.#view.refresh();
      return;
    }
    const sent = link.cancel(request);
    this.#failed(request, noAnswer(link.address), sent);
  }
}

function isNotLeader(error: FlotillaError): error is FlotillaError<'NotLeader'> {
  return error.code === 'NotLeader';
}
