import type { ByteReader, ByteWriter } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';
import type { CloseReason } from '../transport.js';
import { Assembly } from './assembly.js';
import { aborted, asError, connectionClosed, limitExceeded, malformedFrame, overloaded } from './errors.js';
import type { LaneHost, LaneOutlet } from './lane-host.js';
import { Failure, PART_BYTES_MIN, Piece, PIECE_BYTES_MAX } from './pieces.js';

/** A kind, a number, a length. */
const HEADER_BYTES = 14;

/** A request of this side: `queued` until its first byte is handed on, `sent` after its last. */
interface PendingRequest {
  readonly number: number;
  readonly resolve: (reply: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  readonly signal: AbortSignal | undefined;
  onAbort: (() => void) | undefined;
  state: 'queued' | 'sending' | 'sent';
  /** Rejected already; its slot is free once the other side has answered. */
  abandoned: boolean;
}

/** A body that waits to be sent. `pending` is there for requests, and undefined for replies. */
interface QueuedBody {
  readonly number: number;
  readonly body: Uint8Array;
  readonly pending: PendingRequest | undefined;
}

/** A request of the other side that its handler has not answered. */
interface HandledRequest {
  readonly controller: AbortController;
  readonly bodyBytes: number;
}

/** The lane of requests and replies. Each request gets exactly one REPLY or FAILURE, also when it was cancelled. */
export class RequestLane {
  readonly #host: LaneHost;
  readonly #outlet: LaneOutlet;
  readonly #assembly: Assembly;
  #queue: QueuedBody[] = [];
  #head = 0;
  /** Bytes of the body at the head that were written as parts. */
  #offset = 0;
  #queuedCount = 0;
  #requestBytes = 0;
  #replyBytes = 0;

  readonly #pending = new Map<number, PendingRequest>();
  #lastSentNumber = 0;

  readonly #handled = new Map<number, HandledRequest>();
  #lastReceivedNumber = 0;
  #handledBytes = 0;

  constructor(host: LaneHost, outlet: LaneOutlet) {
    this.#host = host;
    this.#outlet = outlet;
    this.#assembly = new Assembly('frameBytesMax', host.limits.frameBytesMax);
  }

  /** Sends a request; see `Connection.request`. */
  request(body: Uint8Array, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const refusal = this.#refusalOf(body, signal);
    if (refusal !== undefined) return Promise.reject(refusal);
    return new Promise((resolve, reject) => {
      const pending: PendingRequest = {
        number: ++this.#lastSentNumber,
        resolve,
        reject,
        signal,
        onAbort: undefined,
        state: 'queued',
        abandoned: false,
      };
      if (signal !== undefined) {
        pending.onAbort = () => this.#abort(pending);
        signal.addEventListener('abort', pending.onAbort);
      }
      this.#pending.set(pending.number, pending);
      this.#requestBytes += body.length;
      this.#host.metrics.requestsSent++;
      this.#enqueue({ number: pending.number, body, pending });
    });
  }

  #refusalOf(body: Uint8Array, signal: AbortSignal | undefined): Error | undefined {
    if (signal?.aborted === true) return aborted('the request', signal.reason, 'definite');
    if (body.length > this.#host.sendLimits.frameBytesMax) {
      return limitExceeded('frameBytesMax', this.#host.sendLimits.frameBytesMax, body.length);
    }
    const { requestsInFlightMax } = this.#host.sendLimits;
    if (this.#pending.size >= requestsInFlightMax) return overloaded('requests in flight', requestsInFlightMax);
    const { queuedBytesMax } = this.#host.limits;
    if (this.#requestBytes > 0 && this.#requestBytes + body.length > queuedBytesMax) {
      return overloaded('queued request bytes', queuedBytesMax);
    }
    return undefined;
  }

  #enqueue(item: QueuedBody): void {
    this.#queue.push(item);
    this.#queuedCount++;
    this.#outlet.wake();
  }

  #abort(pending: PendingRequest): void {
    const unsent = pending.state === 'queued';
    this.#settle(pending);
    pending.abandoned = true;
    if (unsent) this.#pending.delete(pending.number);
    else if (pending.state === 'sent') this.#cancel(pending);
    pending.reject(aborted('the request', pending.signal?.reason, unsent ? 'definite' : 'unknown'));
  }

  #cancel(pending: PendingRequest): void {
    this.#outlet.control.push(Piece.CANCEL, pending.number);
    this.#outlet.wake();
  }

  #settle(pending: PendingRequest): void {
    if (pending.onAbort !== undefined) pending.signal?.removeEventListener('abort', pending.onAbort);
    pending.onAbort = undefined;
  }

  /** The most that `write` would write now, in bytes. */
  get pendingBytes(): number {
    if (this.#queuedCount === 0) return 0;
    return this.#requestBytes + this.#replyBytes - this.#offset + this.#queuedCount * HEADER_BYTES + 64;
  }

  /** Writes bodies, or a part of one, no more than `room` bytes. */
  write(writer: ByteWriter, room: number): void {
    const end = writer.length + room;
    for (let item = this.#queue[this.#head]; item !== undefined; item = this.#queue[this.#head]) {
      const { pending, body } = item;
      if (pending !== undefined && pending.abandoned && pending.state === 'queued') {
        this.#dequeue(item);
        continue;
      }
      const rest = this.#offset === 0 ? body : body.subarray(this.#offset);
      const space = Math.min(end - writer.length - HEADER_BYTES, PIECE_BYTES_MAX);
      if (rest.length > space) {
        if (space < PART_BYTES_MIN) break;
        writer.u8(Piece.REQUEST_PART);
        writer.bytes(rest.subarray(0, space));
        this.#offset += space;
        if (pending !== undefined) pending.state = 'sending';
        break;
      }
      writer.u8(pending === undefined ? Piece.REPLY : Piece.REQUEST);
      writer.varint(item.number);
      writer.bytes(rest);
      this.#dequeue(item);
      if (pending !== undefined) {
        pending.state = 'sent';
        if (pending.abandoned) this.#cancel(pending);
      }
    }
    this.#forgetSent();
  }

  #dequeue(item: QueuedBody): void {
    this.#head++;
    this.#queuedCount--;
    this.#offset = 0;
    if (item.pending === undefined) this.#replyBytes -= item.body.length;
    else this.#requestBytes -= item.body.length;
  }

  #forgetSent(): void {
    if (this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#queue.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** A part arrived. @throws {FlotillaError} LimitExceeded */
  readPart(reader: ByteReader): void {
    this.#assembly.add(reader.bytes(PIECE_BYTES_MAX));
  }

  /** A reply arrived. */
  readReply(reader: ByteReader): void {
    const number = reader.varint();
    const reply = this.#assembly.finish(reader.bytes(PIECE_BYTES_MAX));
    const pending = this.#answered(number);
    if (!pending.abandoned) pending.resolve(reply);
  }

  /** A request failed at the other side. */
  readFailure(reader: ByteReader): void {
    const number = reader.varint();
    const error = this.#failure(reader.u8(), reader.varint(), reader.varint());
    const pending = this.#answered(number);
    if (!pending.abandoned) pending.reject(error);
  }

  #failure(reason: number, maximum: number, actual: number): Error {
    const { address } = this.#host;
    switch (reason) {
      case Failure.INTERNAL:
        return new FlotillaError('Internal', {
          message: `the request's handler at ${address} failed; its log says why`,
          details: { reason: 'the handler failed' },
        });
      case Failure.OVERLOADED:
        return overloaded(`requests handled by ${address}`, maximum);
      case Failure.REPLY_TOO_LARGE:
        return limitExceeded('frameBytesMax (of a reply)', maximum, actual, 'unknown');
      default:
        throw malformedFrame(address, `failure ${reason} of a request that was not cancelled`);
      case Failure.CANCELLED:
        return aborted('the request', undefined, 'unknown');
    }
  }

  #answered(number: number): PendingRequest {
    const pending = this.#pending.get(number);
    if (pending === undefined || pending.state !== 'sent') {
      throw malformedFrame(this.#host.address, `an answer to request ${number}, which is not waiting for one`);
    }
    this.#pending.delete(number);
    this.#settle(pending);
    return pending;
  }

  /** A request arrived. Returns what the handler is to be called with, or undefined where it was refused. */
  readRequest(reader: ByteReader): { number: number; body: Uint8Array; signal: AbortSignal } | undefined {
    const number = reader.varint();
    if (number <= this.#lastReceivedNumber) {
      throw malformedFrame(this.#host.address, `request ${number} after ${this.#lastReceivedNumber}`);
    }
    this.#lastReceivedNumber = number;
    const body = this.#assembly.finish(reader.bytes(PIECE_BYTES_MAX));
    this.#host.metrics.requestsReceived++;
    const { requestsInFlightMax, queuedBytesMax } = this.#host.limits;
    const tooMany = this.#handled.size >= requestsInFlightMax;
    const backlog = this.#handledBytes + this.#replyBytes;
    if (tooMany || (backlog > 0 && backlog + body.length > queuedBytesMax)) {
      this.#host.metrics.requestsRefused++;
      this.#fail(number, Failure.OVERLOADED, tooMany ? requestsInFlightMax : queuedBytesMax, 0);
      return undefined;
    }
    const controller = new AbortController();
    this.#handled.set(number, { controller, bodyBytes: body.length });
    this.#handledBytes += body.length;
    return { number, body, signal: controller.signal };
  }

  /** Answers a request; `outcome` is what its handler returned. */
  answer(number: number, outcome: Promise<Uint8Array>): void {
    outcome.then(
      (reply) => this.#reply(number, reply),
      (error: unknown) => this.fail(number, error),
    );
  }

  #reply(number: number, reply: Uint8Array): void {
    if (!(reply instanceof Uint8Array)) {
      this.fail(number, new TypeError('a request handler resolved with something other than bytes'));
      return;
    }
    if (!this.#finish(number)) return;
    const { frameBytesMax } = this.#host.sendLimits;
    if (reply.length > frameBytesMax) {
      this.#host.report(limitExceeded('frameBytesMax (of a reply)', frameBytesMax, reply.length, 'unknown'));
      this.#fail(number, Failure.REPLY_TOO_LARGE, frameBytesMax, reply.length);
      return;
    }
    this.#replyBytes += reply.length;
    this.#enqueue({ number, body: reply, pending: undefined });
  }

  /** The handler failed: the requester gets `Internal`, and no detail of it. */
  fail(number: number, error: unknown): void {
    if (!this.#finish(number)) return;
    this.#host.report(asError(error));
    this.#fail(number, Failure.INTERNAL, 0, 0);
  }

  /** Takes a request off the list of those that are handled; false if it was cancelled or the connection ended. */
  #finish(number: number): boolean {
    const handled = this.#handled.get(number);
    if (handled === undefined) return false;
    this.#handled.delete(number);
    this.#handledBytes -= handled.bodyBytes;
    return true;
  }

  #fail(number: number, reason: number, maximum: number, actual: number): void {
    this.#outlet.control.push(Piece.FAILURE, number, reason, maximum, actual);
    this.#outlet.wake();
  }

  /** The requester gave up. */
  readCancel(reader: ByteReader): void {
    const number = reader.varint();
    if (number > this.#lastReceivedNumber) {
      throw malformedFrame(this.#host.address, `a cancellation of request ${number}, which was never sent`);
    }
    const handled = this.#handled.get(number);
    if (handled === undefined || !this.#finish(number)) return;
    this.#fail(number, Failure.CANCELLED, 0, 0);
    handled.controller.abort(aborted('the request', undefined, 'unknown'));
  }

  /** No more answers come, and none can be given. Bodies that are queued stay queued. */
  end(reason: CloseReason): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of pending) {
      this.#settle(request);
      if (request.abandoned) continue;
      request.abandoned = true;
      const outcome = request.state === 'queued' ? 'definite' : 'unknown';
      request.reject(connectionClosed(this.#host.address, reason, outcome));
    }
    const handled = [...this.#handled.values()];
    this.#handled.clear();
    this.#handledBytes = 0;
    for (const request of handled) {
      request.controller.abort(connectionClosed(this.#host.address, reason, 'unknown'));
    }
  }

  /** Drops all that is queued. */
  clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.#offset = 0;
    this.#queuedCount = 0;
    this.#requestBytes = 0;
    this.#replyBytes = 0;
  }
}
