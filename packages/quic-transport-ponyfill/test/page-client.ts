// What a page has that knows the W3C's WebTransport and nothing of this package. The types are the browser's own.
import { inject } from 'vitest';

const bytesOf = (hex: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** The options by which a page trusts the listeners. */
export function trusting(): WebTransportOptions {
  return { serverCertificateHashes: [{ algorithm: 'sha-256', value: bytesOf(inject('servers').certificateHash) }] };
}

/** A session that is ready. */
export async function pageSession(url: string): Promise<WebTransport> {
  const transport = new WebTransport(url, trusting());
  await transport.ready;
  return transport;
}

export const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** All bytes of a stream until its end. */
export async function textOf(readable: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = readable.getReader();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    text += decoder.decode(value, { stream: true });
  }
}

/** Writes and ends. */
export async function writeAll(writable: WritableStream<Uint8Array>, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(bytes);
  await writer.close();
}

/** The next of a stream of anything. */
export async function nextOf<T>(readable: ReadableStream<T>): Promise<T> {
  const reader = readable.getReader();
  const { value } = await reader.read();
  reader.releaseLock();
  if (value === undefined) throw new Error('the stream has ended');
  return value;
}

/** What the listener saw of the session with that key, event by event. */
export async function* eventsOf(listener: string, key: string): AsyncGenerator<string, undefined> {
  const transport = await pageSession(`${listener}/events?key=${key}`);
  try {
    const reader = (await nextOf(transport.incomingUnidirectionalStreams as ReadableStream<ReadableStream<Uint8Array>>))
      .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
      .getReader();
    for (let rest = ''; ;) {
      const { value } = await reader.read();
      if (value === undefined) return undefined;
      const lines = (rest + value).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  } finally {
    transport.close();
  }
}
