import { bytesOf, check, checkEqual, checkPattern, checkRejects, patternBytes, textOf, within } from './check.js';
import { openPair, roundTrips } from './pair.js';
import type { SuiteTest } from './suite.js';

/** The lane of requests. */
export function requestTests(test: SuiteTest): void {
  test('each request gets its own reply, in whatever order they are answered', {}, async (under) => {
    const pair = await openPair(under);
    const answers: { readonly body: Uint8Array; readonly resolve: (reply: Uint8Array) => void }[] = [];
    pair.accepted.events.answer = (body) => new Promise((resolve) => answers.push({ body, resolve }));
    const replies = Array.from({ length: 200 }, (_, i) => pair.dialled.connection.request(bytesOf(`ask ${i}`)));
    await pair.accepted.events.requests.atLeast(200, 'requests');
    for (const { body, resolve } of answers.toReversed()) resolve(bytesOf(`reply to ${textOf(body)}`));
    for (const [i, reply] of replies.entries()) {
      checkEqual(textOf(await within(under.runtime, reply, 'a reply')), `reply to ask ${i}`, `reply ${i}`);
    }
  });

  test(
    'bodies and replies of any size up to the limit arrive whole, empty ones too',
    { frameBytesMax: 1_000_000 },
    async (under) => {
      const pair = await openPair(under);
      const sizes = [0, 1, 65_536, 262_145, 1_000_000];
      const replies = await Promise.all(
        sizes.map((size, seed) =>
          within(under.runtime, pair.dialled.connection.request(patternBytes(size, seed)), 'a reply'),
        ),
      );
      for (const [seed, reply] of replies.entries()) checkPattern(reply, sizes[seed] ?? 0, seed, `reply ${seed}`);
    },
  );

  test('a body above the limit is refused, definitely', { frameBytesMax: 1000 }, async (under) => {
    const pair = await openPair(under);
    const error = await checkRejects(pair.dialled.connection.request(new Uint8Array(1001)), 'LimitExceeded', 'a body');
    checkEqual(error.outcome, 'definite', 'outcome');
    checkEqual((await pair.dialled.connection.request(new Uint8Array(1000))).length, 1000, 'the next reply');
    checkEqual(pair.accepted.events.requests.items.length, 1, 'requests that arrived');
  });

  test('a reply above the limit fails its request alone, outcome unknown', { frameBytesMax: 1000 }, async (under) => {
    const pair = await openPair(under);
    pair.accepted.events.answer = (body) => Promise.resolve(new Uint8Array(textOf(body) === 'long' ? 1001 : 3));
    const error = await checkRejects(pair.dialled.connection.request(bytesOf('long')), 'LimitExceeded', 'a reply');
    checkEqual(error.outcome, 'unknown', 'outcome');
    checkEqual((await pair.dialled.connection.request(bytesOf('short'))).length, 3, 'the next reply');
  });

  test(
    'a handler that rejects, or throws, closes nothing: the requester gets Internal, without details',
    {},
    async (under) => {
      const pair = await openPair(under);
      pair.accepted.events.answer = (body) => {
        if (textOf(body) === 'reject') return Promise.reject(new Error('secret'));
        if (textOf(body) === 'throw') throw new Error('secret');
        return Promise.resolve(body);
      };
      for (const body of ['reject', 'throw']) {
        const error = await checkRejects(pair.dialled.connection.request(bytesOf(body)), 'Internal', body);
        check(!error.message.includes('secret'), `the text tells too much: ${error.message}`);
      }
      checkEqual(textOf(await pair.dialled.connection.request(bytesOf('fine'))), 'fine', 'the next reply');
    },
  );

  test(
    'above the requests in flight the sender is told Overloaded, definitely, and later there is room',
    { requestsInFlightMax: 5 },
    async (under) => {
      const pair = await openPair(under);
      const gate = Promise.withResolvers<void>();
      pair.accepted.events.answer = (body) => gate.promise.then(() => body);
      const replies = Array.from({ length: 5 }, (_, i) => pair.dialled.connection.request(bytesOf(`${i}`)));
      const error = await checkRejects(
        pair.dialled.connection.request(bytesOf('6th')),
        'Overloaded',
        'a sixth request',
      );
      checkEqual(error.outcome, 'definite', 'outcome');
      gate.resolve();
      checkEqual((await Promise.all(replies)).map(textOf), ['0', '1', '2', '3', '4'], 'replies');
      checkEqual(textOf(await pair.dialled.connection.request(bytesOf('again'))), 'again', 'the next reply');
    },
  );

  test('an aborted request rejects at once, and its handler is told', {}, async (under) => {
    const pair = await openPair(under);
    pair.accepted.events.answer = (body) => (textOf(body) === 'wait' ? new Promise(() => {}) : Promise.resolve(body));
    const controller = new AbortController();
    const reply = pair.dialled.connection.request(bytesOf('wait'), { signal: controller.signal });
    const { signal } = await pair.accepted.events.requests.first('a request');
    const told = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    controller.abort(new Error('enough'));
    await checkRejects(reply, 'Aborted', 'the request');
    await within(under.runtime, told, 'the abort of the handler');
    checkEqual(textOf(await pair.dialled.connection.request(bytesOf('next'))), 'next', 'the next reply');
  });

  test('aborted before it was sent, a request never arrives, and fails definitely', {}, async (under) => {
    const pair = await openPair(under);
    const early = await checkRejects(
      pair.dialled.connection.request(bytesOf('never'), { signal: AbortSignal.abort() }),
      'Aborted',
      'a signal that had fired',
    );
    checkEqual(early.outcome, 'definite', 'outcome');
    const controller = new AbortController();
    const queued = pair.dialled.connection.request(bytesOf('never'), { signal: controller.signal });
    controller.abort();
    checkEqual((await checkRejects(queued, 'Aborted', 'a queued request')).outcome, 'definite', 'outcome');
    await roundTrips(pair, 1);
    checkEqual(
      pair.accepted.events.requests.items.map(({ body }) => textOf(body)),
      ['trip 0'],
      'what arrived',
    );
  });

  test('aborted requests leave their slots', { requestsInFlightMax: 4 }, async (under) => {
    const pair = await openPair(under);
    pair.accepted.events.answer = (body) => (textOf(body) === 'wait' ? new Promise(() => {}) : Promise.resolve(body));
    for (let round = 0; round < 5; round++) {
      const controller = new AbortController();
      const replies = Array.from({ length: 3 }, () =>
        pair.dialled.connection.request(bytesOf('wait'), { signal: controller.signal }),
      );
      await pair.accepted.events.requests.atLeast(round * 4 + 3, 'requests');
      controller.abort();
      for (const reply of replies) await checkRejects(reply, 'Aborted', 'the request');
      checkEqual(textOf(await pair.dialled.connection.request(bytesOf('next'))), 'next', 'the next reply');
    }
  });

  test('a request that was aborted before it was sent takes no slot', { requestsInFlightMax: 2 }, async (under) => {
    const pair = await openPair(under);
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const queued = [1, 2].map(() => pair.dialled.connection.request(bytesOf('x'), { signal: controller.signal }));
      controller.abort();
      for (const reply of queued) await checkRejects(reply, 'Aborted', 'the request');
    }
    await roundTrips(pair, 1);
  });

  test('a break fails what waits with ConnectionClosed, and the handler is told', {}, async (under) => {
    const pair = await openPair(under);
    pair.accepted.events.answer = () => new Promise(() => {});
    const reply = pair.dialled.connection.request(bytesOf('wait'));
    const { signal } = await pair.accepted.events.requests.first('a request');
    const told = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    pair.dialled.connection.destroy(new Error('break'));
    checkEqual((await checkRejects(reply, 'ConnectionClosed', 'the request')).outcome, 'unknown', 'outcome');
    await within(under.runtime, told, 'the abort of the handler');
    const late = await checkRejects(
      pair.dialled.connection.request(bytesOf('x')),
      'ConnectionClosed',
      'a late request',
    );
    checkEqual(late.outcome, 'definite', 'outcome');
  });

  test('a request that was not handed on when the connection ended fails definitely', {}, async (under) => {
    const pair = await openPair(under);
    const reply = pair.dialled.connection.request(bytesOf('unsent'));
    pair.dialled.connection.destroy(new Error('break'));
    checkEqual((await checkRejects(reply, 'ConnectionClosed', 'the request')).outcome, 'definite', 'outcome');
  });
}
