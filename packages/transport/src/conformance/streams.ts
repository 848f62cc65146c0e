import type { IncomingStream } from '../transport.js';
import { bytesOf, check, checkEqual, checkPattern, checkRejects, patternBytes, textOf, within } from './check.js';
import { openPair, type Pair, roundTrips } from './pair.js';
import type { SuiteTest } from './suite.js';

const MIB = 1024 * 1024;
/** What a receiver that does not read lets the sender write, at most. */
const HELD_BYTES_MAX = 8 * MIB;

/** The lane of byte streams. */
export function streamTests(test: SuiteTest): void {
  test('a stream carries its header, its bytes in order, and the answer', {}, async (under) => {
    const pair = await openPair(under);
    const outgoing = await pair.dialled.connection.openStream(bytesOf('header'));
    const incoming = await pair.accepted.events.streams.first('a stream');
    checkEqual(textOf(incoming.header), 'header', 'the header');
    const received = collect(incoming);
    for (const text of ['a', '', 'bc', 'def']) await outgoing.write(bytesOf(text));
    const answered = outgoing.finish();
    checkEqual(textOf(await within(under.runtime, received, 'the end of the stream')), 'abcdef', 'what arrived');
    incoming.answer(bytesOf('thanks'));
    checkEqual(textOf(await within(under.runtime, answered, 'the answer')), 'thanks', 'the answer');
  });

  test('a large stream arrives whole, whatever the sizes of its pieces', {}, async (under) => {
    const pair = await openPair(under);
    const sizes = [1, 65_536, 4 * MIB, 100_001, 3 * MIB, 7];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const content = patternBytes(total, 3);
    const outgoing = await pair.dialled.connection.openStream(new Uint8Array(0));
    const received = collect(await pair.accepted.events.streams.first('a stream'));
    let at = 0;
    for (const size of sizes) {
      await within(under.runtime, outgoing.write(content.subarray(at, at + size)), 'a write');
      at += size;
    }
    const answered = outgoing.finish();
    checkPattern(await within(under.runtime, received, 'the stream'), total, 3, 'the stream');
    pair.accepted.events.streams.items[0]?.answer(new Uint8Array(0));
    checkEqual((await within(under.runtime, answered, 'the answer')).length, 0, 'the answer');
  });

  test('a buffer may be used again once its write has resolved', {}, async (under) => {
    const pair = await openPair(under);
    const outgoing = await pair.dialled.connection.openStream(new Uint8Array(0));
    const received = collect(await pair.accepted.events.streams.first('a stream'));
    const buffer = new Uint8Array(100_000);
    for (let round = 0; round < 50; round++) {
      buffer.fill(round);
      await within(under.runtime, outgoing.write(buffer), 'a write');
    }
    outgoing.finish().catch(() => {});
    const bytes = await within(under.runtime, received, 'the stream');
    for (let at = 0; at < bytes.length; at += 1000) {
      checkEqual(bytes[at], Math.floor(at / 100_000), `byte ${at}`);
    }
  });

  test('a receiver that does not read stops the sender, and starts it again by reading', {}, async (under) => {
    const pair = await openPair(under);
    const writer = await endlessWriter(pair, 24 * MIB);
    const incoming = await pair.accepted.events.streams.first('a stream');
    await stalled(pair, writer);
    check(writer.written <= HELD_BYTES_MAX, `${writer.written} bytes were taken that nobody reads`);
    let received = 0;
    for await (const chunk of incoming) received += chunk.length;
    checkEqual(received, 24 * MIB, 'bytes received');
    incoming.answer(bytesOf('done'));
    checkEqual(textOf(await within(under.runtime, writer.finished, 'the answer')), 'done', 'the answer');
  });

  test('a sender that aborts makes the iteration throw', {}, async (under) => {
    const pair = await openPair(under);
    const outgoing = await pair.dialled.connection.openStream(bytesOf('h'));
    const incoming = await pair.accepted.events.streams.first('a stream');
    const received = collect(incoming);
    await outgoing.write(bytesOf('some'));
    outgoing.abort(new Error('disk on fire'));
    const error = await checkRejects(within(under.runtime, received, 'the stream'), 'Aborted', 'the iteration');
    check(error.message.includes('disk on fire'), `the text does not say why: ${error.message}`);
    await checkRejects(outgoing.write(bytesOf('more')), 'Aborted', 'a write after abort');
    await checkRejects(outgoing.finish(), 'Aborted', 'finish after abort');
    await roundTrips(pair, 1);
  });

  test('a sender that gives up after it finished is no longer answered; the connection goes on', {}, async (under) => {
    const pair = await openPair(under);
    const outgoing = await pair.dialled.connection.openStream(bytesOf('h'));
    const received = collect(await pair.accepted.events.streams.first('a stream'));
    await outgoing.write(bytesOf('all of it'));
    const answered = outgoing.finish();
    checkEqual(textOf(await within(under.runtime, received, 'the stream')), 'all of it', 'what arrived');
    outgoing.abort(new Error('tired of waiting'));
    await checkRejects(answered, 'Aborted', 'the answer');
    await roundTrips(pair, 2);
    pair.accepted.events.streams.items[0]?.answer(bytesOf('too late'));
    await roundTrips(pair, 2);
  });

  test('a receiver that aborts makes the writes and the end reject', {}, async (under) => {
    const pair = await openPair(under);
    const writer = await endlessWriter(pair, 24 * MIB);
    const incoming = await pair.accepted.events.streams.first('a stream');
    await stalled(pair, writer);
    incoming.abort(new Error('no space'));
    const error = await checkRejects(within(under.runtime, writer.finished, 'the writer'), 'Aborted', 'the writer');
    check(error.message.includes('no space'), `the text does not say why: ${error.message}`);
    await roundTrips(pair, 1);
  });

  test('a receiver that stops iterating aborts the stream', {}, async (under) => {
    const pair = await openPair(under);
    const writer = await endlessWriter(pair, 24 * MIB);
    for await (const chunk of await pair.accepted.events.streams.first('a stream')) {
      check(chunk.length > 0, 'an empty piece');
      break;
    }
    await checkRejects(within(under.runtime, writer.finished, 'the writer'), 'Aborted', 'the writer');
    await roundTrips(pair, 1);
  });

  test('an answer before the end is taken: what is still written is dropped', {}, async (under) => {
    const pair = await openPair(under);
    const writer = await endlessWriter(pair, 24 * MIB);
    const incoming = await pair.accepted.events.streams.first('a stream');
    await stalled(pair, writer);
    incoming.answer(bytesOf('have it already'));
    const answer = await within(under.runtime, writer.finished, 'the answer');
    checkEqual(textOf(answer), 'have it already', 'the answer');
    await roundTrips(pair, 1);
  });

  test('a stream is answered once, by at most 64 KiB', {}, async (under) => {
    const pair = await openPair(under);
    const outgoing = await pair.dialled.connection.openStream(new Uint8Array(65_536));
    const incoming = await pair.accepted.events.streams.first('a stream');
    const answered = outgoing.finish();
    checkEqual(
      thrownCode(() => incoming.answer(new Uint8Array(65_537))),
      'LimitExceeded',
      'a long answer',
    );
    incoming.answer(new Uint8Array(65_536));
    checkEqual(
      thrownCode(() => incoming.answer(new Uint8Array(0))),
      'InvalidArgument',
      'a second answer',
    );
    checkEqual((await within(under.runtime, answered, 'the answer')).length, 65_536, 'the answer');
    const long = pair.dialled.connection.openStream(new Uint8Array(65_537));
    await checkRejects(long, 'LimitExceeded', 'a long header');
  });

  test('streams that open at once with the longest headers open before their bytes come', {}, async (under) => {
    const pair = await openPair(under);
    const outgoing = await Promise.all(
      Array.from({ length: 6 }, (_, i) => pair.dialled.connection.openStream(patternBytes(65_536, i))),
    );
    const answers = outgoing.toReversed().map((stream) => stream.finish());
    for (const incoming of await pair.accepted.events.streams.atLeast(6, 'streams')) {
      check((await within(under.runtime, collect(incoming), 'a stream')).length === 0, 'an empty stream has bytes');
      incoming.answer(incoming.header);
    }
    for (const [i, answer] of (await within(under.runtime, Promise.all(answers), 'answers')).entries()) {
      checkPattern(answer, 65_536, 5 - i, `answer ${i}`);
    }
  });

  test('a break ends the streams of both sides', {}, async (under) => {
    const pair = await openPair(under);
    const outgoing = await pair.dialled.connection.openStream(bytesOf('h'));
    const received = collect(await pair.accepted.events.streams.first('a stream'));
    await outgoing.write(bytesOf('some'));
    const answered = outgoing.finish();
    pair.accepted.connection.destroy(new Error('break'));
    await checkRejects(within(under.runtime, received, 'the receiver'), 'ConnectionClosed', 'the receiver');
    await checkRejects(within(under.runtime, answered, 'the sender'), 'ConnectionClosed', 'the sender');
    await checkRejects(outgoing.write(bytesOf('x')), ['ConnectionClosed', 'InvalidArgument'], 'a write');
    await pair.dialled.events.ends.first('the end');
    await checkRejects(pair.dialled.connection.openStream(bytesOf('h')), 'ConnectionClosed', 'a late stream');
  });

  test('many streams at once arrive whole; those beyond the bound wait for their turn', {}, async (under) => {
    const pair = await openPair(under);
    const count = 150;
    const answered = Array.from({ length: count }, async (_, i) => {
      const outgoing = await pair.dialled.connection.openStream(bytesOf(`${i}`));
      await outgoing.write(patternBytes(50_000 + i, i));
      return textOf(await outgoing.finish());
    });
    for (let i = 0; i < count; i++) {
      const incoming = (await pair.accepted.events.streams.atLeast(i + 1, 'streams'))[i] as IncomingStream;
      const number = Number(textOf(incoming.header));
      checkPattern(
        await within(under.runtime, collect(incoming), 'a stream'),
        50_000 + number,
        number,
        `stream ${number}`,
      );
      incoming.answer(bytesOf(`got ${number}`));
    }
    for (const [i, answer] of answered.entries()) {
      checkEqual(await within(under.runtime, answer, 'an answer'), `got ${i}`, `answer ${i}`);
    }
  });

  test('waiting for room to open a stream can be aborted', {}, async (under) => {
    const pair = await openPair(under);
    const controller = new AbortController();
    const opens = Array.from({ length: 200 }, () =>
      pair.dialled.connection.openStream(bytesOf('h'), { signal: controller.signal }),
    );
    const settled = Promise.allSettled(opens);
    await roundTrips(pair, 1);
    controller.abort();
    const outcomes = await within(under.runtime, settled, 'the streams');
    check(outcomes[0]?.status === 'fulfilled', 'the first stream is open');
    check(outcomes.at(-1)?.status === 'rejected', 'the last one waited, and was aborted');
    await checkRejects(opens.at(-1) as Promise<unknown>, 'Aborted', 'the last one');
    await checkRejects(
      pair.dialled.connection.openStream(bytesOf('h'), { signal: AbortSignal.abort() }),
      'Aborted',
      'a signal that had fired',
    );
  });
}

/** All bytes of a stream. */
export async function collect(stream: IncomingStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    length += chunk.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** A writer that goes on as fast as it may. */
export interface EndlessWriter {
  written: number;
  /** Resolves with the answer. */
  readonly finished: Promise<Uint8Array>;
}

/** Writes `total` bytes, in pieces of 64 KiB, as fast as the stream takes them, then finishes. */
export async function endlessWriter(pair: Pair, total: number): Promise<EndlessWriter> {
  const outgoing = await pair.dialled.connection.openStream(bytesOf('endless'));
  const piece = new Uint8Array(65_536);
  const write = async (): Promise<Uint8Array> => {
    for (; writer.written < total; writer.written += piece.length) await outgoing.write(piece);
    return outgoing.finish();
  };
  const writer: { written: number; finished: Promise<Uint8Array> } = { written: 0, finished: Promise.resolve(piece) };
  writer.finished = write();
  writer.finished.catch(() => {});
  return writer;
}

/** Resolves once a writer makes no more progress while requests go to and fro. */
export async function stalled(pair: Pair, writer: EndlessWriter): Promise<void> {
  for (let quiet = 0, before = -1; quiet < 20; quiet = writer.written === before ? quiet + 1 : 0) {
    before = writer.written;
    await roundTrips(pair, 1);
  }
}

function thrownCode(call: () => void): unknown {
  try {
    call();
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
  return undefined;
}
