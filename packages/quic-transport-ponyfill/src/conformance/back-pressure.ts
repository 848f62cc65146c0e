import { chunks, patternBytes, readText, RunningSum } from './bytes.js';
import { ask, check, checkEqual, command, progressOf, within } from './check.js';
import type { SuiteTest } from './suite.js';

/** Beyond the window: what the writing side may have copied, and what its stream holds. */
const SLACK_BYTES = 300_000;
const WINDOW_BYTES = 262_144;
const LIMITS = { streamWindowBytes: WINDOW_BYTES } as const;

/** A reader that does not read holds up its writer, and nobody else. */
export function backPressureTests(test: SuiteTest): void {
  test('writes wait while the peer does not read, and nothing is lost', LIMITS, async (session, { some }) => {
    const bytes = some(4_000_000) + 1_000_000;
    const { readable, writer } = await command(session, { do: 'hold', tag: 'slow' });
    let written = 0;
    const sending = (async (): Promise<void> => {
      for (let at = 0; at < bytes; at += 50_000) {
        const piece = patternBytes(Math.min(50_000, bytes - at), 4, at);
        await writer.write(piece);
        written += piece.length;
      }
      await writer.close();
    })();
    await quiet(() => Promise.resolve(written));
    check(written <= WINDOW_BYTES + SLACK_BYTES, `${written} bytes were taken although nobody reads`);
    await ask(session, { do: 'release', tag: 'slow' });
    const [text] = await within(Promise.all([readText(readable), sending]), 'the rest', 60_000);
    checkEqual(text, RunningSum.ofPattern(bytes, 4), 'what the peer read');
  });

  test('the peer waits while this side does not read, and nothing is lost', LIMITS, async (session, { some }) => {
    const bytes = some(4_000_000) + 1_000_000;
    const { readable, writer } = await command(session, { do: 'fill', tag: 'fill', bytes, seed: 5 });
    await writer.close();
    const written = await quiet(async () => (await progressOf(session, 'fill', 'progress')).bytes);
    check(written <= WINDOW_BYTES + SLACK_BYTES, `the peer wrote ${written} bytes although nobody reads`);
    const sum = new RunningSum();
    const reading = (async (): Promise<void> => {
      for await (const piece of chunks(readable)) sum.add(piece);
    })();
    await within(reading, 'the rest', 60_000);
    checkEqual(sum.text, RunningSum.ofPattern(bytes, 5), 'what was read');
    checkEqual((await progressOf(session, 'fill', 'outcome')).end, 'well', 'how the peer ended');
  });

  test('streams whose readers sleep do not hold up the others', LIMITS, async (session, { some }) => {
    const sleepers = await Promise.all(
      Array.from({ length: 8 }, async (_, at) => {
        const { readable, writer } = await command(session, { do: 'fill', tag: `f${at}`, bytes: 1_000_000, seed: at });
        await writer.close();
        return readable;
      }),
    );
    for (let at = 0; at < some(50); at++) {
      const { readable, writer } = await command(session, { do: 'echo' });
      const bytes = patternBytes(20_000, at);
      const [echo] = await within(
        Promise.all([new Response(readable).arrayBuffer(), writer.write(bytes).then(() => writer.close())]),
        `echo ${at} beside sleeping streams`,
      );
      checkEqual(echo.byteLength, bytes.length, 'the echo');
    }
    await within(
      Promise.all(
        sleepers.map(async (readable, at) => {
          const sum = new RunningSum();
          for await (const piece of chunks(readable)) sum.add(piece);
          checkEqual(sum.text, RunningSum.ofPattern(1_000_000, at), `sleeper ${at}`);
        }),
      ),
      'the sleepers',
      60_000,
    );
  });

  test('busy echoes with a slowly reading side do not stall', LIMITS, async (session, { some }) => {
    const bytes = some(2_000_000);
    await within(
      Promise.all(
        Array.from({ length: 4 }, async (_, stream) => {
          const { readable, writer } = await command(session, { do: 'echo' });
          const sending = (async (): Promise<void> => {
            for (let at = 0; at < bytes; at += 30_000) {
              // Not awaited one by one: the stream's own queue is filled.
              await writer.ready;
              writer.write(patternBytes(Math.min(30_000, bytes - at), stream, at)).catch(() => undefined); // close() says so
            }
            await writer.close();
          })();
          const sum = new RunningSum();
          for await (const piece of chunks(readable)) {
            sum.add(piece);
            await turn();
          }
          await sending;
          checkEqual(sum.text, RunningSum.ofPattern(bytes, stream), `stream ${stream}`);
        }),
      ),
      'the echoes',
      100_000,
    );
  });
}

/** The value once it has stopped to grow: the same, and not 0, at several looks in a row. */
async function quiet(value: () => Promise<number>): Promise<number> {
  let last = 0;
  for (let same = 0; same < 10;) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    const now = await value();
    same = now === last && now > 0 ? same + 1 : 0;
    last = now;
  }
  return last;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 0);
  });
}
