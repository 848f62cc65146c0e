import { ByteReader, ByteWriter, MalformedBytes } from '@flotilla/bytes';
import { decodeError, encodeError, FlotillaError, toFlotillaError } from '@flotilla/errors';
import { type Runtime, withDeadline } from '@flotilla/runtime';
import type { EpochMark } from '../raft-loop/peer-network.js';
import type { PeerEvent } from './peer-event.js';
import type { Requester } from './requester.js';

/** One kind of request between nodes: its number on the wire, which is stable, and the byte forms of question and answer. */
export interface RequestKind<Q, A> {
  /** 1 to 255; a retired one is not used again. */
  readonly id: number;
  /** For people: errors and events name it. */
  readonly name: string;
  /** A command outside Raft: refused where its epoch is below the receiver's mark. */
  readonly fenced: boolean;
  /** Whether a node that is not a member may ask it. */
  readonly open: boolean;
  readonly question: Codec<Q>;
  readonly answer: Codec<A>;
}

/** Byte form of one shape. */
export interface Codec<T> {
  write(writer: ByteWriter, value: T): void;
  /** Throws MalformedBytes. */
  read(reader: ByteReader): T;
}

/** The byte form of nothing. */
export const NOTHING: Codec<undefined> = { write: () => undefined, read: () => undefined };

/** Answers one kind of request. A rejection travels as a typed error. */
export type RequestHandler<Q, A> = (question: Q, from: Requester, signal: AbortSignal) => Promise<A>;

/** How requests leave. */
export interface RequestCarrier {
  request(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
}

/** What bounds a call. */
export interface CallOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The group that the call is about, for the event of a failure (default 0). */
  readonly group?: number;
}

const VERSION = 1;
const OK = 0;
const FAILED = 1;
const ANSWER_BYTES_MIN = 2;

/**
 * Typed requests over the request lane: a version, the kind, the sender's cluster epoch, the body; and back a status, then an answer or a
 * typed error. Requests of an unknown kind, and bodies that are not what they should be, are answered with a typed error too.
 */
export class PeerRequests {
  readonly #runtime: Runtime;
  readonly #epoch: EpochMark;
  readonly #carrier: (node: number) => RequestCarrier;
  readonly #onEvent: ((event: PeerEvent) => void) | undefined;
  readonly #handlers = new Map<
    number,
    (reader: ByteReader, epoch: number, from: Requester, signal: AbortSignal) => Promise<Uint8Array>
  >();

  constructor(options: {
    readonly runtime: Runtime;
    readonly epoch: EpochMark;
    readonly carrier: (node: number) => RequestCarrier;
    readonly onEvent?: ((event: PeerEvent) => void) | undefined;
  }) {
    this.#runtime = options.runtime;
    this.#epoch = options.epoch;
    this.#carrier = options.carrier;
    this.#onEvent = options.onEvent;
  }

  /** Answers requests of a kind from now on. */
  handle<Q, A>(kind: RequestKind<Q, A>, handler: RequestHandler<Q, A>): void {
    this.#handlers.set(kind.id, async (reader, epoch, from, signal) => {
      if (from.node === 0 && !kind.open) throw notMember(from.remote.address, kind.name);
      if (kind.fenced) this.#fence(epoch);
      const question = kind.question.read(reader);
      reader.end();
      const answer = await handler(question, from, signal);
      const writer = new ByteWriter(64);
      writer.u8(VERSION);
      writer.u8(OK);
      kind.answer.write(writer, answer);
      return writer.take();
    });
  }

  /** Asks a member. Rejects with the other side's typed error, Unreachable, ConnectionClosed, Timeout, Aborted, or UnexpectedResponse. */
  async call<Q, A>(node: number, kind: RequestKind<Q, A>, question: Q, options: CallOptions): Promise<A> {
    try {
      return await this.ask(this.#carrier(node), `node ${node}`, kind, question, options);
    } catch (error) {
      const text = toFlotillaError(error).message;
      this.#onEvent?.({ name: 'rpc.failed', group: options.group ?? 0, peer: node, error: text });
      throw error;
    }
  }

  /** Asks over any carrier; `name` says in errors who was asked. */
  async ask<Q, A>(
    carrier: RequestCarrier,
    name: string,
    kind: RequestKind<Q, A>,
    question: Q,
    options: CallOptions,
  ): Promise<A> {
    const writer = new ByteWriter(64);
    writer.u8(VERSION);
    writer.u8(kind.id);
    writer.varint(this.#epoch.current());
    kind.question.write(writer, question);
    const ms = options.timeoutMs;
    const expired = (): Error =>
      new FlotillaError('Timeout', {
        message: `${name} did not answer '${kind.name}' within ${ms} ms`,
        details: { operation: kind.name, ms },
      });
    const bytes = await withDeadline(this.#runtime, { ms, signal: options.signal, expired }, (signal) =>
      carrier.request(writer.take(), signal),
    );
    return readAnswer(bytes, name, kind);
  }

  /** Answers a request that arrived. Never rejects. */
  async serve(from: Requester, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    try {
      const reader = new ByteReader(body);
      const version = reader.u8();
      if (version !== VERSION) throw incompatible(version);
      const kind = reader.u8();
      const epoch = reader.varint();
      const handler = this.#handlers.get(kind);
      if (handler === undefined) throw malformed(`a request of unknown kind ${kind}`);
      return await handler(reader, epoch, from, signal);
    } catch (error) {
      const encoded = encodeError(error instanceof MalformedBytes ? malformed(error.message) : error);
      const answer = new Uint8Array(ANSWER_BYTES_MIN + encoded.length);
      answer[0] = VERSION;
      answer[1] = FAILED;
      answer.set(encoded, ANSWER_BYTES_MIN);
      return answer;
    }
  }

  #fence(epoch: number): void {
    const current = this.#epoch.current();
    if (epoch < current) {
      throw new FlotillaError('StaleEpoch', {
        message: `the command carries cluster epoch ${epoch}, this node has seen ${current}: its sender no longer leads group 0`,
        details: { current, received: epoch },
      });
    }
    this.#epoch.observe(epoch);
  }
}

function readAnswer<Q, A>(bytes: Uint8Array, name: string, kind: RequestKind<Q, A>): A {
  const status = bytes[1];
  if (bytes.length < ANSWER_BYTES_MIN || bytes[0] !== VERSION || (status !== OK && status !== FAILED)) {
    throw unexpected(name, kind.name, `${bytes.length} bytes that are no answer`);
  }
  if (status === FAILED) throw decodeError(bytes.subarray(ANSWER_BYTES_MIN));
  try {
    const reader = new ByteReader(bytes, ANSWER_BYTES_MIN);
    const answer = kind.answer.read(reader);
    reader.end();
    return answer;
  } catch (error) {
    throw unexpected(name, kind.name, error instanceof Error ? error.message : 'unreadable', error);
  }
}

function unexpected(name: string, kind: string, reason: string, cause?: unknown): FlotillaError {
  return new FlotillaError('UnexpectedResponse', {
    message: `${name} answered '${kind}' with ${reason}`,
    details: { from: name },
    cause,
  });
}

function malformed(reason: string): FlotillaError {
  return new FlotillaError('MalformedFrame', { message: reason, details: { reason } });
}

function incompatible(version: number): FlotillaError {
  return new FlotillaError('IncompatibleVersion', {
    message: `a request of format version ${version}, this build reads ${VERSION}. Upgrade the older side`,
    details: { ours: String(VERSION), theirs: String(version) },
  });
}

function notMember(address: string, kind: string): FlotillaError {
  const reason = `${address} is no member of the cluster and may not ask '${kind}'`;
  return new FlotillaError('Unauthorized', { message: reason, details: { reason } });
}
