import { chunks, encodeText, patternBytes, readText, RunningSum } from './bytes.js';
import { ask, check, checkEqual, command, progressOf, within } from './check.js';
import type { SuiteTest } from './suite.js';

/** Bytes flow, in order and whole, on streams of either side and direction. */
export function streamTests(test: SuiteTest): void {
  test('a bidirectional stream carries bytes both ways and ends', {}, async (session) => {
    const { readable, writer } = await command(session, { do: 'echo' });
    await writer.write(encodeText('hello '));
    await writer.write(encodeText('peer'));
    const [text] = await within(Promise.all([readText(readable), writer.close()]), 'the echo');
    checkEqual(text, 'hello peer', 'the echo');
  });

  test('a side that has ended still hears the other', {}, async (session) => {
    const { readable, writer } = await command(session, { do: 'sum' });
    await writer.write(encodeText('all of it'));
    await within(writer.close(), 'the end of this side');
    const expected = new RunningSum();
    expected.add(encodeText('all of it'));
    checkEqual(await within(readText(readable), 'the answer'), expected.text, 'what the peer read until the end');
  });

  test('a stream may end without a byte', {}, async (session) => {
    const { readable, writer } = await command(session, { do: 'echo' });
    const [text] = await within(Promise.all([readText(readable), writer.close()]), 'the end');
    checkEqual(text, '', 'the echo of nothing');
  });

  test('a unidirectional stream goes to the peer, and one comes back', {}, async (session, { some }) => {
    const incoming = session.incomingUnidirectionalStreams.getReader();
    const bytes = patternBytes(some(300_000), 3);
    const writer = (await session.createUnidirectionalStream()).getWriter();
    await within(Promise.all([writer.write(bytes), writer.close()]), 'the stream');
    const { value } = await within(incoming.read(), 'the answering stream');
    check(value !== undefined, 'no stream came back');
    checkEqual(await within(readText(value), 'its text'), RunningSum.ofPattern(bytes.length, 3), 'what arrived');
  });

  test('the peer opens bidirectional streams', {}, async (session) => {
    const answers = ask(session, { do: 'open-bidirectional', count: 5 });
    const incoming = session.incomingBidirectionalStreams.getReader();
    for (let at = 0; at < 5; at++) {
      const { value } = await within(incoming.read(), `stream ${at} of the peer`);
      check(value !== undefined, 'the streams ended');
      const text = await within(readText(value.readable), 'its text');
      const writer = value.writable.getWriter();
      await within(Promise.all([writer.write(encodeText(`re ${text}`)), writer.close()]), 'the answer');
    }
    const expected = Array.from({ length: 5 }, (_, at) => `re stream ${at}`);
    checkEqual(JSON.parse(await within(answers, 'the report')), expected, 'answers as the peer read them');
  });

  test('the peer opens unidirectional streams', {}, async (session) => {
    const sent = ask(session, { do: 'open-unidirectional', count: 5 });
    const incoming = session.incomingUnidirectionalStreams.getReader();
    const texts: string[] = [];
    for (let at = 0; at < 5; at++) {
      const { value } = await within(incoming.read(), `stream ${at} of the peer`);
      check(value !== undefined, 'the streams ended');
      texts.push(await within(readText(value), 'its text'));
    }
    await sent;
    checkEqual(texts.toSorted(), ['stream 0', 'stream 1', 'stream 2', 'stream 3', 'stream 4'], 'what came');
  });

  test('ten thousand small writes arrive in order', {}, async (session, { some }) => {
    const count = some(10_000);
    const { readable, writer } = await command(session, { do: 'echo' });
    const expected = new RunningSum();
    const sending = async (): Promise<void> => {
      for (let at = 0; at < count; at++) {
        const line = encodeText(`message ${at};`);
        expected.add(line);
        await writer.ready;
        writer.write(line).catch(() => undefined); // close() below says so
      }
      await writer.close();
    };
    const sum = new RunningSum();
    const receiving = async (): Promise<void> => {
      for await (const bytes of chunks(readable)) sum.add(bytes);
    };
    await within(Promise.all([sending(), receiving()]), 'the messages');
    checkEqual(sum.text, expected.text, 'what came back');
  });

  test('ten thousand round trips on one stream, a hundred under way', {}, async (session, { some }) => {
    const count = some(10_000);
    const { readable, writer } = await command(session, { do: 'echo' });
    const reader = readable.getReader();
    let sent = 0;
    let received = 0;
    const message = patternBytes(64, 1);
    while (received < count * 64) {
      while (sent < count && sent * 64 - received < 6_400) {
        sent++;
        writer.write(message).catch(() => undefined); // the reads below say so
      }
      const { done, value } = await within(reader.read(), `round trip ${received / 64}`);
      check(!done, 'the echo ended early');
      received += value.length;
    }
    checkEqual(received, count * 64, 'bytes');
    await within(writer.close(), 'the end');
  });

  test('megabytes go up and down at once, byte for byte', {}, async (session, { some }) => {
    const bytes = some(8_000_000);
    const up = async (seed: number): Promise<void> => {
      const { readable, writer } = await command(session, { do: 'sum' });
      for (let at = 0; at < bytes; at += 100_000) {
        await writer.write(patternBytes(Math.min(100_000, bytes - at), seed, at));
      }
      await writer.close();
      checkEqual(await readText(readable), RunningSum.ofPattern(bytes, seed), 'what the peer read');
    };
    const down = async (seed: number): Promise<void> => {
      const { readable, writer } = await command(session, { do: 'source', bytes, seed });
      await writer.close();
      const sum = new RunningSum();
      for await (const piece of chunks(readable)) sum.add(piece);
      checkEqual(sum.text, RunningSum.ofPattern(bytes, seed), 'what the peer sent');
    };
    await within(Promise.all([up(1), down(2)]), 'the transfer', 100_000);
  });

  test('three hundred streams at once, of either side, all whole', {}, async (session, { some }) => {
    const count = some(300);
    const echoes = Array.from({ length: count }, async (_, at) => {
      const { readable, writer } = await command(session, { do: 'echo' });
      const bytes = patternBytes(2_000, at);
      const [text] = await Promise.all([
        new Response(readable).arrayBuffer(),
        writer.write(bytes).then(() => writer.close()),
      ]);
      const sum = new RunningSum();
      sum.add(new Uint8Array(text));
      checkEqual(sum.text, RunningSum.ofPattern(2_000, at), `stream ${at}`);
    });
    const theirs = (async (): Promise<void> => {
      const report = ask(session, { do: 'open-bidirectional', count });
      const incoming = session.incomingBidirectionalStreams.getReader();
      const answered: Promise<void>[] = [];
      for (let at = 0; at < count; at++) {
        const { value } = await incoming.read();
        check(value !== undefined, 'the streams ended');
        answered.push(value.readable.pipeTo(value.writable));
      }
      await Promise.all(answered);
      const expected = Array.from({ length: count }, (_, at) => `stream ${at}`);
      checkEqual(JSON.parse(await report), expected, 'what the peer read');
    })();
    await within(Promise.all([...echoes, theirs]), 'the streams', 60_000);
  });

  test('five hundred requests of a stream each, one after another', {}, async (session, { some }) => {
    for (let at = 0; at < some(500); at++) {
      const { readable, writer } = await command(session, { do: 'echo' });
      const [text] = await within(
        Promise.all([readText(readable), writer.write(encodeText(`request ${at}`)).then(() => writer.close())]),
        `request ${at}`,
      );
      checkEqual(text, `request ${at}`, 'the answer');
    }
  });

  test('a reader may bring its own buffer', {}, async (session) => {
    const { readable, writer } = await command(session, { do: 'source', bytes: 10_000, seed: 9 });
    await writer.close();
    const reader = readable.getReader({ mode: 'byob' });
    const sum = new RunningSum();
    let buffer = new ArrayBuffer(1_024);
    for (;;) {
      const { done, value } = await within(reader.read(new Uint8Array(buffer)), 'the bytes');
      if (value !== undefined) sum.add(value);
      if (done) break;
      ({ buffer } = value);
    }
    checkEqual(sum.text, RunningSum.ofPattern(10_000, 9), 'what was read');
  });

  test('only bytes can be written', {}, async (session) => {
    const { writable } = await session.createBidirectionalStream();
    const failed = await writable
      .getWriter()
      .write('text' as unknown as Uint8Array)
      .then(
        () => undefined,
        (error: unknown) => error,
      );
    check(
      failed instanceof Error && 'code' in failed && failed.code === 'InvalidArgument',
      `not refused: ${String(failed)}`,
    );
    checkEqual((await progressOf(session, 'nothing', 'progress')).bytes, 0, 'the session lives');
  });
}
