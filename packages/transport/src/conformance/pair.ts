import type { Runtime } from '@flotilla/runtime';
import type {
  CloseReason,
  Connection,
  ConnectionEvents,
  Handshake,
  IncomingStream,
  Listener,
  RemoteIdentity,
} from '../transport.js';
import { Arrivals, bytesOf, textOf, within } from './check.js';
import type { TransportUnderTest } from './under-test.js';

/** A handshake of text, that notes what it saw, and refuses on request. */
export class TestHandshake implements Handshake {
  readonly verified: { readonly hello: string; readonly remote: RemoteIdentity }[] = [];
  readonly #hello: Uint8Array;
  readonly #refuse: string | undefined;

  /** @param refuse The text of the refusal, if it refuses. */
  constructor(hello: string | Uint8Array, refuse?: string) {
    this.#hello = typeof hello === 'string' ? bytesOf(hello) : hello;
    this.#refuse = refuse;
  }

  hello(): Uint8Array {
    return this.#hello;
  }

  verify(hello: Uint8Array, remote: RemoteIdentity): void {
    this.verified.push({ hello: textOf(hello), remote });
    if (this.#refuse !== undefined) throw new Error(this.#refuse);
  }

  refusal(error: unknown): Uint8Array {
    return bytesOf(`refused: ${error instanceof Error ? error.message : String(error)}`);
  }

  refused(bytes: Uint8Array): Error {
    return new Error(textOf(bytes));
  }
}

/** What one side of a connection was told. */
export class Recorder implements ConnectionEvents {
  readonly arrived: Arrivals<Uint8Array>;
  /** Frames of each call. */
  readonly batches: number[] = [];
  readonly requests: Arrivals<{ readonly body: Uint8Array; readonly signal: AbortSignal }>;
  readonly streams: Arrivals<IncomingStream>;
  readonly drains: Arrivals<true>;
  readonly ends: Arrivals<CloseReason>;
  /** Answers requests; echoes by default. */
  answer: (body: Uint8Array, signal: AbortSignal) => Promise<Uint8Array> = (body) => Promise.resolve(body);

  constructor(runtime: Runtime) {
    this.arrived = new Arrivals(runtime);
    this.requests = new Arrivals(runtime);
    this.streams = new Arrivals(runtime);
    this.drains = new Arrivals(runtime);
    this.ends = new Arrivals(runtime);
  }

  frames(frames: readonly Uint8Array[]): void {
    this.batches.push(frames.length);
    for (const frame of frames) this.arrived.push(frame);
  }

  request(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.requests.push({ body, signal });
    return this.answer(body, signal);
  }

  stream(stream: IncomingStream): void {
    this.streams.push(stream);
  }

  drained(): void {
    this.drains.push(true);
  }

  closed(reason: CloseReason): void {
    this.ends.push(reason);
  }
}

/** One side of an open connection. */
export interface Side {
  readonly connection: Connection;
  readonly events: Recorder;
}

/** An open connection and its listener. */
export interface Pair {
  readonly runtime: Runtime;
  readonly listener: Listener;
  readonly dialled: Side;
  readonly accepted: Side;
  readonly dialHandshake: TestHandshake;
  readonly listenHandshake: TestHandshake;
}

/** Listens, and records every connection that is handed up. */
export async function listen(
  under: TransportUnderTest,
  handshake: Handshake = new TestHandshake('listener'),
): Promise<{ readonly listener: Listener; readonly accepted: Arrivals<Side> }> {
  const accepted = new Arrivals<Side>(under.runtime);
  const listener = await under.listener.listen(under.address, {
    handshake,
    accept: (connection) => accepted.push(attached(under.runtime, connection)),
  });
  return { listener, accepted };
}

/** Dials, and attaches a recorder. */
export async function dial(
  under: TransportUnderTest,
  address: string,
  handshake: Handshake = new TestHandshake('dialler'),
): Promise<Side> {
  const connection = await within(
    under.runtime,
    under.dialler.dial(address, { handshake }).then((dialled) => attached(under.runtime, dialled)),
    `dialling ${address}`,
  );
  return connection;
}

function attached(runtime: Runtime, connection: Connection): Side {
  const events = new Recorder(runtime);
  connection.attach(events);
  return { connection, events };
}

/** An open connection between the two sides. */
export async function openPair(under: TransportUnderTest): Promise<Pair> {
  const dialHandshake = new TestHandshake('dialler');
  const listenHandshake = new TestHandshake('listener');
  const { listener, accepted } = await listen(under, listenHandshake);
  const dialled = await dial(under, listener.address, dialHandshake);
  return {
    runtime: under.runtime,
    listener,
    dialled,
    accepted: await accepted.first('a connection at the listener'),
    dialHandshake,
    listenHandshake,
  };
}

/** Sends requests to and fro, so that whatever else could happen had its time. */
export async function roundTrips(pair: Pair, count: number): Promise<void> {
  for (let trip = 0; trip < count; trip++) {
    await within(pair.runtime, pair.dialled.connection.request(bytesOf(`trip ${trip}`)), 'a request');
    await within(pair.runtime, pair.accepted.connection.request(bytesOf(`trip ${trip}`)), 'a request');
  }
}
