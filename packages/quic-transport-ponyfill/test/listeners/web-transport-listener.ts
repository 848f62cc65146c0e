// A listener for pages, whose sessions do what their path says. Runs on Node and on Deno.
import { conformancePeer } from '../../src/conformance.js';
import { listen, QuicError } from '../../src/index.js';
import type { BidirectionalStream, QuicListener, QuicSession, SessionLimits } from '../../src/index.js';

/** What a listener needs to be started with. */
export interface ListenerOrder {
  readonly cert: string;
  readonly key: string;
  /** Origins of pages that are let in. */
  readonly allowedOrigins: readonly string[];
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What was seen of sessions under `/observe`, by their key, for whoever asks under `/events`. */
class Observations {
  readonly #events = new Map<string, string[]>();
  readonly #waiting = new Map<string, () => void>();

  add(key: string, event: string): void {
    this.#of(key).push(event);
    this.#waiting.get(key)?.();
  }

  async next(key: string): Promise<string> {
    for (;;) {
      const event = this.#of(key).shift();
      if (event !== undefined) return event;
      await new Promise<void>((resolve) => this.#waiting.set(key, resolve));
    }
  }

  #of(key: string): string[] {
    const events = this.#events.get(key) ?? [];
    this.#events.set(key, events);
    return events;
  }
}

/** Starts a listener on a free port; those that its sessions ask for end with it. */
export async function startWebTransportListener(order: ListenerOrder): Promise<QuicListener> {
  const listener = await startListener(order, {});
  void serve(listener, order);
  return listener;
}

function startListener(order: ListenerOrder, limits: SessionLimits): Promise<QuicListener> {
  const { cert, key, allowedOrigins } = order;
  return listen({
    ...limits,
    mode: 'webtransport',
    hostname: '0.0.0.0',
    tls: { cert, key },
    allowedOrigins,
    paths: ['/echo', '/open', '/close', '/abort', '/cancel', '/observe', '/events', '/conformance', '/port'],
  });
}

async function serve(listener: QuicListener, order: ListenerOrder): Promise<void> {
  const observations = new Observations();
  const limited = new Map<string, Promise<QuicListener>>();
  /** The port of a listener with these limits, given as JSON. */
  const portFor = async (limits: string): Promise<number> => {
    const known = limited.get(limits) ?? startListener(order, JSON.parse(limits) as SessionLimits);
    if (!limited.has(limits))
      known.then(
        (started) => serveAll(started),
        () => undefined,
      );
    limited.set(limits, known);
    return (await known).address.port;
  };
  const serveAll = async (sessions: AsyncIterable<QuicSession>): Promise<void> => {
    for await (const session of sessions) {
      void serveSession(session, { observations, portFor }).catch(() => session.close());
    }
  };
  await serveAll(listener);
  for (const started of limited.values()) await (await started).close();
}

interface Surroundings {
  readonly observations: Observations;
  portFor(limits: string): Promise<number>;
}

async function serveSession(session: QuicSession, { observations, portFor }: Surroundings): Promise<void> {
  session.closed.catch(() => undefined);
  const url = new URL(session.request?.path ?? '/', 'https://listener');
  const code = Number(url.searchParams.get('code') ?? 0);
  const key = url.searchParams.get('key') ?? '';
  switch (url.pathname) {
    case '/echo':
      await Promise.all([
        echoStreams(session),
        echoOneWay(session),
        session.datagrams.readable.pipeTo(session.datagrams.writable),
      ]);
      return;
    case '/open':
      await open(session);
      return;
    case '/close':
      session.close({ closeCode: code, reason: url.searchParams.get('reason') ?? '' });
      return;
    case '/abort':
      await abortStreams(session, code);
      return;
    case '/cancel':
      await cancelStreams(session, code);
      return;
    case '/observe':
      await observe(session, (event) => observations.add(key, event));
      return;
    case '/events':
      await tell(session, () => observations.next(key));
      return;
    case '/conformance':
      tellEnd(session, (event) => observations.add(key, event));
      await conformancePeer(session);
      return;
    case '/port':
      await say(session, String(await portFor(url.searchParams.get('limits') ?? '{}')));
      return;
    default:
      session.close({ closeCode: 404, reason: 'no such path' });
  }
}

async function echoStreams(session: QuicSession): Promise<void> {
  for await (const { readable, writable } of session.incomingBidirectionalStreams) {
    readable.pipeTo(writable).catch(() => undefined);
  }
}

async function echoOneWay(session: QuicSession): Promise<void> {
  for await (const readable of session.incomingUnidirectionalStreams) {
    session.createUnidirectionalStream().then(
      (writable) => readable.pipeTo(writable).catch(() => undefined),
      () => undefined,
    );
  }
}

/** Opens one of everything, and ends what it opened. */
async function open(session: QuicSession): Promise<void> {
  const stream = await session.createBidirectionalStream();
  await write(stream.writable, 'two ways');
  stream.readable.pipeTo(stream.writable).catch(() => undefined);
  const oneWay = await session.createUnidirectionalStream();
  await write(oneWay, 'one way');
  await oneWay.close();
  // Any of them may be lost.
  for (let over = false; !over; await turn()) {
    await write(session.datagrams.writable, 'datagram').catch(() => (over = true));
  }
}

async function abortStreams(session: QuicSession, code: number): Promise<void> {
  for await (const { readable, writable } of session.incomingBidirectionalStreams) {
    await readable.getReader().read();
    await writable.abort(reason(code));
  }
}

async function cancelStreams(session: QuicSession, code: number): Promise<void> {
  for await (const readable of session.incomingUnidirectionalStreams) {
    const reader = readable.getReader();
    await reader.read();
    await reader.cancel(reason(code));
  }
}

async function observe(session: QuicSession, event: (text: string) => void): Promise<void> {
  tellEnd(session, event);
  for await (const stream of session.incomingBidirectionalStreams) void observeStream(stream, event);
}

function tellEnd(session: QuicSession, event: (text: string) => void): void {
  session.closed.then(
    ({ closeCode, reason: text }) => event(`closed ${closeCode} ${text}`),
    (error: unknown) => event(`failed ${described(error)}`),
  );
}

async function say(session: QuicSession, text: string): Promise<void> {
  const writable = await session.createUnidirectionalStream();
  await write(writable, text);
  await writable.close();
}

async function observeStream(stream: BidirectionalStream, event: (text: string) => void): Promise<void> {
  const writer = stream.writable.getWriter();
  writer.closed.catch(() => undefined);
  const reading = (async (): Promise<void> => {
    for await (const bytes of stream.readable) event(`bytes ${new TextDecoder().decode(bytes)}`);
    event('end');
  })();
  reading.catch((error: unknown) => event(`readable ${described(error)}`));
  // That the page wants no more is told to whoever writes.
  try {
    for (;;) {
      await writer.write(utf8('more'));
      await turn();
    }
  } catch (error) {
    event(`writable ${described(error)}`);
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
}

async function tell(session: QuicSession, next: () => Promise<string>): Promise<void> {
  const writer = (await session.createUnidirectionalStream()).getWriter();
  for (;;) await writer.write(utf8(`${await next()}\n`));
}

async function write(writable: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(utf8(text));
  writer.releaseLock();
}

function reason(code: number): QuicError {
  return new QuicError('StreamReset', 'as the path says', { source: 'stream', streamErrorCode: code });
}

function described(error: unknown): string {
  return error instanceof QuicError ? `${error.code} ${error.streamErrorCode}` : String(error);
}
