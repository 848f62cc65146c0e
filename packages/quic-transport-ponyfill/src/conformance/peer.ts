import { isQuicError } from '../errors.js';
import type { BidirectionalStream, QuicSession } from '../session.js';
import { encodeText, patternBytes, readText, RunningSum } from './bytes.js';
import type { Command, Progress } from './commands.js';

/**
 * The other side of the suite, in the same process or another: does what the streams of the suite ask for, echoes datagrams, and
 * answers each unidirectional stream by one with its running sum. Resolves when the session has ended, however.
 */
export async function conformancePeer(session: QuicSession): Promise<void> {
  await session.ready;
  const peer = new Peer(session);
  await Promise.allSettled([
    peer.serveBidirectional(),
    peer.serveUnidirectional(),
    peer.echoDatagrams(),
    session.closed,
  ]);
}

const MAX_LINE = 4096;

interface Work {
  bytes: number;
  end: Progress['end'];
  readonly over: Promise<void>;
  finish(end: Progress['end']): void;
}

class Peer {
  readonly #session: QuicSession;
  readonly #works = new Map<string, Work>();
  readonly #held = new Map<string, () => void>();

  constructor(session: QuicSession) {
    this.#session = session;
  }

  async serveBidirectional(): Promise<void> {
    const reader = this.#session.incomingBidirectionalStreams.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // A stream that the suite breaks is the point of some tests; it learns of it by another.
      this.#serve(value).catch(() => undefined);
    }
  }

  async serveUnidirectional(): Promise<void> {
    const reader = this.#session.incomingUnidirectionalStreams.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      this.#answer(value).catch(() => undefined); // as above
    }
  }

  async echoDatagrams(): Promise<void> {
    const reader = this.#session.datagrams.readable.getReader();
    const writer = this.#session.datagrams.writable.getWriter();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      await writer.write(value);
    }
  }

  async #answer(readable: ReadableStream<Uint8Array>): Promise<void> {
    const sum = new RunningSum();
    const reader = readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      sum.add(value);
    }
    await say(await this.#session.createUnidirectionalStream(), sum.text);
  }

  async #serve(stream: BidirectionalStream): Promise<void> {
    const reader = stream.readable.getReader();
    const writer = stream.writable.getWriter();
    writer.closed.catch(() => undefined); // whoever writes hears of it
    try {
      const { command, rest } = await readCommand(reader);
      await this.#obey(command, { reader, writer, rest });
    } catch (error) {
      await Promise.allSettled([reader.cancel(), writer.abort()]);
      throw error;
    }
  }

  async #obey(command: Command, io: Io): Promise<void> {
    const { reader, writer } = io;
    switch (command.do) {
      case 'echo':
        await writer.write(io.rest);
        await forEach(reader, (bytes) => writer.write(bytes));
        await writer.close();
        return;
      case 'sum':
        return this.#sum(io);
      case 'hold':
        await new Promise<void>((resolve) => this.#held.set(command.tag, resolve));
        return this.#sum(io);
      case 'release':
        this.#held.get(command.tag)?.();
        return answer(io, '');
      case 'source':
        for (let at = 0; at < command.bytes; at += 65_536) {
          await writer.write(patternBytes(Math.min(65_536, command.bytes - at), command.seed, at));
        }
        return writer.close();
      case 'fill':
        return this.#fill(command, io);
      case 'watch':
        return this.#watch(command.tag, io);
      case 'progress':
      case 'outcome': {
        const work = this.#work(command.tag);
        if (command.do === 'outcome') await work.over;
        const progress: Progress = { bytes: work.bytes, end: work.end };
        return answer(io, JSON.stringify(progress));
      }
      case 'abort':
        await writer.write(encodeText('word'));
        return writer.abort(coded(command.code));
      case 'cancel':
        return reader.cancel(coded(command.code));
      case 'open-bidirectional':
        return answer(io, JSON.stringify(await this.#openBidirectional(command.count)));
      case 'open-unidirectional':
        await Promise.all(
          Array.from({ length: command.count }, async (_, at) =>
            say(await this.#session.createUnidirectionalStream(), `stream ${at}`),
          ),
        );
        return answer(io, '');
      case 'send-datagrams':
        return this.#sendDatagrams(command.count, io);
      case 'close':
        this.#session.close({ closeCode: command.closeCode, reason: command.reason });
        return;
    }
  }

  async #sum({ reader, writer, rest }: Io): Promise<void> {
    const sum = new RunningSum();
    sum.add(rest);
    await forEach(reader, (bytes) => sum.add(bytes));
    await writer.write(encodeText(sum.text));
    await writer.close();
  }

  async #fill({ tag, bytes, seed }: Command & { readonly do: 'fill' }, { writer }: Io): Promise<void> {
    const work = this.#work(tag);
    try {
      for (; work.bytes < bytes;) {
        const piece = patternBytes(Math.min(16_384, bytes - work.bytes), seed, work.bytes);
        await writer.write(piece);
        work.bytes += piece.length;
      }
      await writer.close();
      work.finish('well');
    } catch (error) {
      work.finish(endOf(error));
    }
  }

  async #watch(tag: string, { reader, rest }: Io): Promise<void> {
    const work = this.#work(tag);
    work.bytes = rest.length;
    try {
      await forEach(reader, (bytes) => {
        work.bytes += bytes.length;
      });
      work.finish('well');
    } catch (error) {
      work.finish(endOf(error));
    }
  }

  async #openBidirectional(count: number): Promise<readonly string[]> {
    return Promise.all(
      Array.from({ length: count }, async (_, at) => {
        const { readable, writable } = await this.#session.createBidirectionalStream();
        const [text] = await Promise.all([readText(readable), say(writable, `stream ${at}`)]);
        return text;
      }),
    );
  }

  async #sendDatagrams(count: number, io: Io): Promise<void> {
    const writer = this.#session.datagrams.createWritable().getWriter();
    for (let at = 0; at < count; at++) await writer.write(encodeText(`datagram ${at}`));
    return answer(io, '');
  }

  #work(tag: string): Work {
    const known = this.#works.get(tag);
    if (known !== undefined) return known;
    let over: () => void = () => undefined;
    const work: Work = {
      bytes: 0,
      end: undefined,
      over: new Promise((resolve) => {
        over = resolve;
      }),
      finish(end) {
        work.end = end;
        over();
      },
    };
    this.#works.set(tag, work);
    return work;
  }
}

interface Io {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly writer: WritableStreamDefaultWriter<Uint8Array>;
  /** What came with the line. */
  readonly rest: Uint8Array;
}

async function readCommand(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ readonly command: Command; readonly rest: Uint8Array }> {
  let line = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done || line.length > MAX_LINE) throw new Error('no command');
    const joined = new Uint8Array(line.length + value.length);
    joined.set(line);
    joined.set(value, line.length);
    line = joined;
    const end = line.indexOf(10);
    if (end < 0) continue;
    const command = JSON.parse(new TextDecoder().decode(line.subarray(0, end))) as Command;
    return { command, rest: line.subarray(end + 1) };
  }
}

async function forEach(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  take: (bytes: Uint8Array) => void | Promise<void>,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    await take(value);
  }
}

async function answer({ writer }: Io, text: string): Promise<void> {
  await writer.write(encodeText(text));
  await writer.close();
}

async function say(writable: WritableStream<Uint8Array>, text: string): Promise<void> {
  const writer = writable.getWriter();
  await writer.write(encodeText(text));
  await writer.close();
}

function coded(streamErrorCode: number): Error {
  return Object.assign(new Error('as the suite asked'), { streamErrorCode });
}

function endOf(error: unknown): Progress['end'] {
  if (isQuicError(error)) return { code: error.code, streamErrorCode: error.streamErrorCode };
  return { code: String(error), streamErrorCode: null };
}
