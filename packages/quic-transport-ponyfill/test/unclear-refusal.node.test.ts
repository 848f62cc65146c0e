import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { LIBRARY_EVENT, type LibraryEvent } from '../src/native/library-session.js';
import { type Library, libraryBackend } from '../src/native/node.js';
import type { NativeSession } from '../src/native/native-session.js';

/** How an attempt goes: TLS alert 45 ends it, before or after the handshake is said to be done here. */
type Course = 'refused before' | 'refused after';

/** A client of the library, as far as it is used. */
class Client extends EventEmitter {
  handshakeComplete = false;
  readonly _eventLoop = null;
  readonly #ready = Promise.withResolvers<void>();

  constructor(course: Course) {
    super();
    this.#ready.promise.catch(() => undefined);
    setTimeout(() => {
      if (course === 'refused after') this._dispatchEvents([event('handshakeComplete')]);
      this._dispatchEvents([{ ...event('sessionClose'), meta: { errorCode: 0x100 + 45, errorReason: '' } }]);
    }, 1);
  }

  _dispatchEvents(events: readonly LibraryEvent[]): void {
    for (const { eventType } of events) {
      if (eventType === LIBRARY_EVENT.handshakeComplete) {
        this.handshakeComplete = true;
        this.#ready.resolve();
      } else {
        this.#ready.reject(new Error('closed'));
      }
    }
  }

  ready(): Promise<void> {
    return this.#ready.promise;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function event(type: keyof typeof LIBRARY_EVENT): LibraryEvent {
  return { eventType: LIBRARY_EVENT[type], connHandle: 0, streamId: -1 };
}

/** Dials with a certificate, or without. @returns how it went, and how many attempts there were */
async function dial(
  courses: readonly Course[],
  own: { readonly cert: string; readonly key: string } | undefined,
): Promise<{ readonly outcome: NativeSession | unknown; readonly attempts: number }> {
  let attempts = 0;
  const library = {
    connectQuic: () => new Client(courses[attempts++] ?? 'refused before'),
  } as unknown as Library;
  const backend = await libraryBackend(() => Promise.resolve(library));
  const outcome = await backend
    .connect({
      hostname: '127.0.0.1',
      port: 1,
      serverName: 'x',
      alpn: ['x'],
      idleTimeoutMs: 1_000,
      maxStreams: { bidirectional: 1, unidirectional: 1 },
      signal: new AbortController().signal,
      ...own,
    })
    .catch((error: unknown) => error);
  return { outcome, attempts };
}

const OWN = { cert: 'a certificate', key: 'its key' };

test('a client that has shown a certificate asks again before it blames that of the server', async () => {
  const { outcome, attempts } = await dial(['refused before', 'refused after'], OWN);
  expect(attempts).toBe(2);
  expect(await (outcome as NativeSession).closed).toMatchObject({ error: { code: 'ClientCertificateRefused' } });
});

test('it blames the server if it hears the same again', async () => {
  const { outcome, attempts } = await dial(['refused before', 'refused before'], OWN);
  expect([attempts, outcome]).toEqual([2, expect.objectContaining({ code: 'CertificateExpired' })]);
});

test('a client without a certificate knows at once', async () => {
  const { outcome, attempts } = await dial(['refused before'], undefined);
  expect([attempts, outcome]).toEqual([1, expect.objectContaining({ code: 'CertificateExpired' })]);
});
