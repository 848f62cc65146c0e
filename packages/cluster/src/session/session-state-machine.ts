import { toHex } from '@flotilla/bytes';
import { FlotillaError, invariant, isFlotillaError } from '@flotilla/errors';
import { decodeSessionEnvelope, type SessionCommand, type SessionEnvelope } from '@flotilla/wire';
import type { Command, PinnedSnapshot, StateMachine } from '../state-machine.js';
import { EMPTY_RESULT, failedResult, okResult } from './session-result.js';
import { pinSessions, readSessions, writeSessions } from './session-snapshot.js';
import { DEFAULT_SESSION_LIMITS, type Session, type SessionLimits, SessionTable } from './session-table.js';

/**
 * Bytes of results are brought below their bounds where an index passes a multiple of it: a place that the log decides, and not the
 * size of a batch, which differs from replica to replica.
 */
const TRIM_EVERY = 64;

/** Leading bytes of the envelopes that this version knows: see wire's session envelope. */
const FORM_MAX = 3;

/** What is to be done with the result of a command of the wrapped machine, once it is there. */
interface Pending {
  /** Place in the answer. */
  readonly at: number;
  readonly session: Session | undefined;
  readonly sequence: number;
}

/** A retry of a command whose result is not there yet: it is in the same run. */
interface Repeated {
  readonly at: number;
  readonly session: Session;
  readonly sequence: number;
}

/**
 * Wraps a state machine so that each command of a session is applied exactly once, however often it stands in the log (thesis,
 * section 6.3). Commands are wire's session envelopes; results begin with the byte that `decodeSessionResult` reads.
 *
 * A command whose session is unknown, or whose sequence was acknowledged, is answered with SessionExpired and never applied. The
 * sessions are part of the snapshot.
 */
export class SessionStateMachine implements StateMachine {
  readonly inner: StateMachine;
  #table: SessionTable;
  #lastIndex = 0;
  #run: Command[] = [];
  #pending: Pending[] = [];
  #repeated: Repeated[] = [];

  constructor(inner: StateMachine, limits: Partial<SessionLimits> = {}) {
    this.inner = inner;
    this.#table = new SessionTable({ ...DEFAULT_SESSION_LIMITS, ...limits });
  }

  /** The sessions, for observation. Not to be changed. */
  get sessions(): Readonly<Pick<SessionTable, 'size' | 'bytes' | 'changes' | 'all'>> {
    return this.#table;
  }

  refusal(command: Uint8Array): FlotillaError | undefined {
    try {
      const envelope = decodeSessionEnvelope(command);
      if (envelope.kind === 'bare') return this.inner.refusal?.(envelope.command);
      return envelope.kind === 'command' ? this.inner.refusal?.(envelope.command) : undefined;
    } catch (error) {
      if (isFlotillaError(error)) return error;
      throw error;
    }
  }

  apply(commands: readonly Command[]): readonly Uint8Array[] {
    const results: Uint8Array[] = Array.from({ length: commands.length }, () => EMPTY_RESULT);
    for (let at = 0; at < commands.length; at++) {
      const command = commands[at];
      if (command === undefined) continue;
      this.#trimAt(command.index, results);
      this.#take(command, at, results);
    }
    this.#flush(results);
    return results;
  }

  #trimAt(index: number, results: Uint8Array[]): void {
    const passes = Math.floor(index / TRIM_EVERY) !== Math.floor(this.#lastIndex / TRIM_EVERY);
    this.#lastIndex = index;
    if (!passes) return;
    this.#flush(results);
    this.#table.trim();
  }

  #take(command: Command, at: number, results: Uint8Array[]): void {
    const envelope = decode(command);
    if (envelope instanceof FlotillaError) {
      results[at] = failedResult(envelope);
      return;
    }
    switch (envelope.kind) {
      case 'bare':
        this.#pending.push({ at, session: undefined, sequence: 0 });
        this.#run.push({ index: command.index, term: command.term, data: envelope.command });
        return;
      case 'command':
        this.#takeOnce(command, envelope, at, results);
        return;
      case 'register':
        this.#table.open(envelope.clientId, envelope.vshard, envelope.ttlMs);
        return;
      case 'expire':
        for (const { clientId, vshard, sequence } of envelope.sessions) this.#table.end(clientId, vshard, sequence);
    }
  }

  #takeOnce(command: Command, envelope: SessionCommand, at: number, results: Uint8Array[]): void {
    const { clientId, vshard, sequence } = envelope;
    const session = this.#table.use(clientId, vshard);
    if (session === undefined) {
      results[at] = failedResult(expired(envelope, 'there is no such session: it was never opened, or it has expired'));
      return;
    }
    this.#table.acknowledge(session, envelope.acknowledged);
    if (sequence <= session.acknowledged) {
      results[at] = failedResult(expired(envelope, `its result up to sequence ${session.acknowledged} is not kept`));
      return;
    }
    if (session.results.has(sequence)) {
      const stored = session.results.get(sequence);
      if (stored !== undefined && stored.length > 0) results[at] = stored;
      else this.#repeated.push({ at, session, sequence });
      return;
    }
    this.#table.reserve(session, sequence);
    this.#pending.push({ at, session, sequence });
    this.#run.push({ index: command.index, term: command.term, data: envelope.command });
  }

  /** Hands the gathered commands to the wrapped machine, all in one array. */
  #flush(results: Uint8Array[]): void {
    if (this.#run.length === 0) return;
    const run = this.#run;
    const pending = this.#pending;
    const repeated = this.#repeated;
    this.#run = [];
    this.#pending = [];
    this.#repeated = [];
    const inner = this.inner.apply(run);
    invariant(
      inner.length === run.length,
      () => `the wrapped state machine returned ${inner.length} results for ${run.length} commands`,
    );
    const bySession = repeated.length > 0 ? new Map<Session, Map<number, Uint8Array>>() : undefined;
    for (let k = 0; k < pending.length; k++) {
      const { at, session, sequence } = pending[k] as Pending;
      const result = okResult(inner[k] as Uint8Array);
      results[at] = result;
      if (session === undefined) continue;
      this.#table.store(session, sequence, result);
      if (bySession === undefined) continue;
      const ofSession = bySession.get(session) ?? new Map<number, Uint8Array>();
      bySession.set(session, ofSession.set(sequence, result));
    }
    for (const { at, session, sequence } of repeated) {
      const result = bySession?.get(session)?.get(sequence);
      if (result !== undefined) results[at] = result;
    }
  }

  snapshot(): PinnedSnapshot {
    const pinned = this.inner.snapshot();
    const state = pinSessions(this.#table, this.#lastIndex);
    return {
      async *read() {
        yield* writeSessions(state);
        yield* pinned.read();
      },
      release: () => pinned.release(),
    };
  }

  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { table, lastIndex, rest } = await readSessions(chunks, this.#table.limits);
    await this.inner.restore(rest);
    this.#table = table;
    this.#lastIndex = lastIndex;
  }
}

/**
 * The envelope of a command, or the error that is its result: bytes of a known form that are malformed are refused alike by every
 * replica and version.
 *
 * @throws MalformedFrame for a form that this version does not know. Another replica may know it and apply it, so it must stop the
 * group here and never be skipped.
 */
function decode(command: Command): SessionEnvelope | FlotillaError {
  try {
    return decodeSessionEnvelope(command.data);
  } catch (error) {
    if (isFlotillaError(error, 'MalformedFrame') && (command.data[0] ?? 0) <= FORM_MAX) return error;
    throw error;
  }
}

function expired({ clientId, sequence }: SessionCommand, why: string): FlotillaError<'SessionExpired'> {
  return new FlotillaError('SessionExpired', {
    message: `sequence ${sequence} was not applied: ${why}; open a new session, and mind that an earlier attempt may have been applied`,
    details: { session: toHex(clientId) },
    outcome: 'definite',
  });
}
