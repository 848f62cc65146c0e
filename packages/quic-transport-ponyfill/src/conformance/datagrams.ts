import { encodeText, patternBytes } from './bytes.js';
import { ask, check, checkEqual, within } from './check.js';
import type { SuiteTest } from './suite.js';

/** Datagrams go both ways, whole or not at all. */
export function datagramTests(test: SuiteTest): void {
  test('a datagram comes back', {}, async (session) => {
    const reader = session.datagrams.readable.getReader();
    const writer = session.datagrams.writable.getWriter();
    // They may be lost, so it is said until it is heard.
    const saying = setInterval(() => {
      writer.write(encodeText('echo me')).catch(() => undefined); // the read below says so
    }, 20);
    try {
      const { value } = await within(reader.read(), 'the echo of a datagram');
      checkEqual(new TextDecoder().decode(value), 'echo me', 'the datagram');
    } finally {
      clearInterval(saying);
    }
  });

  test('a long datagram fits, and one that is too long is dropped without harm', {}, async (session) => {
    const { maxDatagramSize } = session.datagrams;
    check(maxDatagramSize >= 1_000 && maxDatagramSize < 65_536, `maxDatagramSize is ${maxDatagramSize}`);
    const reader = session.datagrams.readable.getReader();
    const writer = session.datagrams.writable.getWriter();
    const saying = setInterval(() => {
      // What fits may grow while the path is explored; more than a UDP packet holds never fits.
      Promise.all([writer.write(patternBytes(70_000, 1)), writer.write(patternBytes(1_000, 2))]).catch(() => undefined); // the read below says so
    }, 20);
    try {
      const { value } = await within(reader.read(), 'the echo of a long datagram');
      checkEqual([...(value ?? [])], [...patternBytes(1_000, 2)], 'its bytes');
    } finally {
      clearInterval(saying);
    }
  });

  test('of datagrams that nobody reads the oldest are dropped', { incomingDatagrams: 4 }, async (session) => {
    const reader = session.datagrams.readable.getReader();
    checkEqual(session.datagrams.incomingHighWaterMark, 4, 'incomingHighWaterMark');
    const seen: number[] = [];
    // Sent until some have come, since all of them may be lost.
    while (seen.length === 0) {
      await ask(session, { do: 'send-datagrams', count: 40 });
      // Behind a round trip more they have come or are lost.
      await ask(session, { do: 'sum' });
      for (;;) {
        const next = await Promise.race([reader.read(), soon()]);
        if (next === undefined || next.done) break;
        seen.push(numberOf(next.value));
      }
      if (seen.length === 0) return; // the read that waits would take the next
    }
    // Four, and those that were on a slow way behind the round trip.
    check(seen.length < 20, `${seen.length} datagrams were kept`);
    check(Math.max(...seen) >= 20, `only the oldest were kept: ${seen.join(' ')}`);
  });

  test('every writable of datagrams sends', {}, async (session) => {
    const reader = session.datagrams.readable.getReader();
    const first = session.datagrams.createWritable().getWriter();
    const second = session.datagrams.createWritable().getWriter();
    const saying = setInterval(() => {
      Promise.all([first.write(encodeText('first')), second.write(encodeText('second'))]).catch(() => undefined); // as above
    }, 20);
    try {
      const heard = new Set<string>();
      while (heard.size < 2) {
        const { value } = await within(reader.read(), 'the echoes');
        heard.add(new TextDecoder().decode(value));
      }
      checkEqual([...heard].toSorted(), ['first', 'second'], 'what came back');
      await within(first.close(), 'the end of one of them');
    } finally {
      clearInterval(saying);
    }
  });
}

function numberOf(datagram: Uint8Array): number {
  return Number(/^datagram (\d+)$/u.exec(new TextDecoder().decode(datagram))?.[1] ?? -1);
}

function soon(): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(undefined), 200);
  });
}
