import { FlotillaError } from '@flotilla/errors';
import type { Runtime, Timer } from '@flotilla/runtime';
import type { CloseReason, Connection } from '@flotilla/transport';
import { type ClientMessage, readClientFrame, type WatchMessage } from '../protocol/client-frame.js';
import type { CommandAnswer } from '../protocol/operation.js';
import type { WatchChunk, Watcher } from '../watch/watch-hub.js';
import type { EndpointLimits } from './endpoint-limits.js';
import { Outbox } from './outbox.js';
import type { Proposals } from './proposals.js';
import type { Reads } from './reads.js';
import { overloaded } from './refusals.js';
import type { Requester } from './requester.js';
import type { Watches, WatchRequester } from './watches.js';

/** What a client's connection is served with. */
export interface ClientServices {
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly watches: Watches;
  readonly runtime: Runtime;
  readonly limits: EndpointLimits;
  /** Answers a request of the request lane. */
  lane(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array>;
  /** The connection is gone. */
  closed(connection: ClientConnection): void;
}

/** One client's connection: takes its messages apart, and puts answers and events together. */
export class ClientConnection implements Requester {
  readonly #connection: Connection;
  readonly #services: ClientServices;
  readonly #outbox: Outbox;
  readonly #watches = new Map<number, ConnectionWatch>();
  readonly #take = (message: ClientMessage): void => this.#dispatch(message);
  #inFlight = 0;
  #progressTimer: Timer | undefined;
  closed = false;

  /** Attaches to a connection that was just handed over. */
  constructor(connection: Connection, services: ClientServices) {
    this.#connection = connection;
    this.#services = services;
    this.#outbox = new Outbox(connection, services.limits.unsentBytesMax);
    connection.attach({
      frames: (frames) => this.#frames(frames),
      request: (body, signal) => services.lane(body, signal),
      stream: (stream) =>
        stream.abort(
          new FlotillaError('InvalidArgument', {
            message: 'clients open no streams here',
            details: { argument: 'stream', reason: 'not part of the protocol' },
          }),
        ),
      drained: () => this.#drained(),
      closed: (reason) => this.#closed(reason),
    });
  }

  /** Requests without an answer. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Watches that have not ended. */
  get watchCount(): number {
    return this.#watches.size;
  }

  #frames(frames: readonly Uint8Array[]): void {
    try {
      for (const frame of frames) {
        if (this.closed) return;
        readClientFrame(frame, this.#take);
      }
    } catch (error) {
      // What follows a malformed message cannot be found: the connection is of no use any more.
      this.#connection.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #dispatch(message: ClientMessage): void {
    const { proposals, reads } = this.#services;
    const { id } = message;
    switch (message.kind) {
      case 'propose':
        if (this.#admit(id)) proposals.propose(this, id, message.group, message.envelope);
        return;
      case 'read':
        if (this.#admit(id)) reads.read(this, id, message.group, message.consistency, message.command);
        return;
      case 'cancel':
        return reads.cancel(this, id);
      case 'watch':
        return this.#watch(message);
      case 'unwatch':
        return this.#unwatch(id);
      case 'progress':
        return this.#watches.get(id)?.wantProgress();
    }
  }

  #admit(id: number): boolean {
    this.#inFlight++;
    const { requestsInFlightMax } = this.#services.limits;
    if (this.#inFlight <= requestsInFlightMax) return true;
    this.fail(id, overloaded('requests in flight on one connection', requestsInFlightMax));
    return false;
  }

  answer(id: number, body: Uint8Array): void {
    this.#inFlight--;
    if (this.closed) return;
    this.#outbox.writer.answer(id, body);
    this.#outbox.written();
  }

  readAnswer(id: number, answer: CommandAnswer): void {
    this.#inFlight--;
    if (this.closed) return;
    this.#outbox.writer.readAnswer(id, answer);
    this.#outbox.written();
  }

  fail(id: number, error: unknown): void {
    this.#inFlight--;
    if (this.closed) return;
    this.#outbox.writer.error(id, error);
    this.#outbox.written();
  }

  #watch(message: WatchMessage): void {
    const { id } = message;
    const { watches, limits } = this.#services;
    if (this.#watches.has(id)) {
      throw new FlotillaError('MalformedFrame', {
        message: `watch ${id} is under way on this connection already`,
        details: { reason: 'an id that is taken' },
      });
    }
    if (this.#watches.size >= limits.watchesMax) {
      this.#outbox.writer.watchEnded(id, overloaded('watches on one connection', limits.watchesMax));
      this.#outbox.written();
      return;
    }
    const watch = new ConnectionWatch(message, this.#outbox, watches, () => this.#watches.delete(id));
    this.#watches.set(id, watch);
    watches.begin(message, watch);
    if (message.progress) this.#armProgress();
  }

  #unwatch(id: number): void {
    this.#watches.get(id)?.give();
    this.#watches.delete(id);
  }

  #armProgress(): void {
    if (this.#progressTimer !== undefined || this.#watches.size === 0) return;
    const { runtime, limits } = this.#services;
    this.#progressTimer = runtime.setTimer(limits.progressIntervalMs, () => {
      this.#progressTimer = undefined;
      for (const watch of this.#watches.values()) watch.progressDue();
      this.#armProgress();
    });
  }

  #drained(): void {
    this.#outbox.drained();
    if (this.#outbox.clogged) return;
    for (const watch of this.#watches.values()) watch.resume();
  }

  #closed(_reason: CloseReason): void {
    this.closed = true;
    this.#progressTimer?.cancel();
    for (const watch of this.#watches.values()) watch.give();
    this.#watches.clear();
    this.#outbox.drop();
    this.#services.closed(this);
  }

  /** Closes in good order. */
  close(): Promise<void> {
    this.#outbox.flush();
    return this.#connection.close();
  }
}

/** One watch of one connection. */
class ConnectionWatch implements WatchRequester {
  readonly #message: WatchMessage;
  readonly #outbox: Outbox;
  readonly #watches: Watches;
  readonly #gone: () => void;
  #watcher: Watcher | undefined;
  #progressWanted = false;
  given = false;

  constructor(message: WatchMessage, outbox: Outbox, watches: Watches, gone: () => void) {
    this.#message = message;
    this.#outbox = outbox;
    this.#watches = watches;
    this.#gone = gone;
  }

  started(watcher: Watcher, nextRevision: number): void {
    this.#watcher = watcher;
    this.#outbox.writer.watchStarted(this.#message.id, nextRevision);
    this.#outbox.written();
    if (this.#progressWanted) this.wantProgress();
  }

  offer(chunk: WatchChunk): boolean {
    if (this.#outbox.clogged) return false;
    this.#outbox.writer.watchEvents(this.#message.id, chunk.through, chunk.partial, chunk.events);
    this.#outbox.written();
    return true;
  }

  ended(error: FlotillaError): void {
    this.#gone();
    this.#watcher = undefined;
    this.#outbox.writer.watchEnded(this.#message.id, error);
    this.#outbox.written();
  }

  caughtUp(revision: number): void {
    if (this.#progressWanted) this.#sendProgress(revision);
  }

  /** The client asks for the revision up to which it has everything. */
  wantProgress(): void {
    this.#progressWanted = true;
    this.progressDue(true);
  }

  /** Tells the revision up to which the client has everything, where the watch does not lag and was to tell it. */
  progressDue(asked: boolean = this.#message.progress): void {
    if (!asked || this.#watcher === undefined || this.#outbox.clogged) return;
    const revision = this.#watches.progress(this.#message.group, this.#watcher);
    if (revision !== undefined) this.#sendProgress(revision);
  }

  #sendProgress(revision: number): void {
    this.#progressWanted = false;
    this.#outbox.writer.watchProgress(this.#message.id, revision);
    this.#outbox.written();
  }

  resume(): void {
    if (this.#watcher !== undefined) this.#watches.resume(this.#message.group, this.#watcher, this);
    if (this.#progressWanted) this.wantProgress();
  }

  /** The client wants it no more. */
  give(): void {
    this.given = true;
    const watcher = this.#watcher;
    this.#watcher = undefined;
    if (watcher !== undefined) this.#watches.end(this.#message.group, watcher);
  }
}
