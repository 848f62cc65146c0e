import { describe, expect, test } from 'vitest';
import { LIBRARY_EVENT, type LibraryEvent, LibrarySession } from './library-session.js';

const MIB = 1024 * 1024;
const PIECE: Uint8Array = new Uint8Array(MIB);

interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** A server's session, and how it closed its connection. */
function serverSession(
  alpn: string,
  peer: 'admitted' | 'stranger' = 'admitted',
): { readonly session: LibrarySession; readonly closes: readonly Closed[] } {
  const closes: Closed[] = [];
  const session = new LibrarySession(
    {
      send: (_, bytes) => bytes.length,
      closeStream: () => undefined,
      openBidirectional: undefined,
      sendDatagram: () => true,
      ping: () => undefined,
      close: async (code, reason) => void closes.push({ code, reason }),
    },
    { side: 'server', alpn, remoteAddress: { hostname: '192.0.2.1', port: 1 }, peerCertificates: [] },
  );
  if (peer === 'admitted') session.admit();
  return { session, closes };
}

/** What the library says of the nth unidirectional stream of a client. */
function event(type: keyof typeof LIBRARY_EVENT, nth: number, data?: Uint8Array): LibraryEvent {
  return {
    eventType: LIBRARY_EVENT[type],
    connHandle: 1,
    streamId: 2 + 4 * nth,
    ...(data === undefined ? {} : { data }),
  };
}

describe('what a connection can be made to hold', () => {
  test.each([
    ['h3', 0x107],
    ['other/1', 1],
  ])('of %s: streams that the peer has ended and nobody takes are bounded all together', async (alpn, code) => {
    const { session, closes } = serverSession(alpn);
    for (let nth = 0; nth < 100 && closes.length === 0; nth++) {
      session.handle(event('newStream', nth, PIECE));
      session.handle(event('finished', nth));
      if (nth < 64) expect(closes).toEqual([]);
    }
    expect(closes).toEqual([{ code, reason: expect.stringContaining('wait to be read') }]);
    expect(await session.closed).toMatchObject({ by: 'error', error: { code: 'ProtocolViolation' } });
    await expect(session.openUnidirectional()).rejects.toMatchObject({ code: 'SessionClosed' });
  });

  test('what was read, reset or stopped does not count any more', async () => {
    const { session, closes } = serverSession('other/1');
    for (let nth = 0; nth < 300; nth++) {
      session.handle(event('newStream', nth, PIECE));
      const stream = await session.acceptUnidirectional();
      if (nth % 3 === 0) expect((await stream?.read())?.length).toBe(MIB);
      else if (nth % 3 === 1) stream?.stop(0);
      else session.handle(event('reset', nth));
      session.handle(event('finished', nth));
    }
    expect(closes).toEqual([]);
  });

  test('a stream that is stopped while its reader waits counts nothing twice', async () => {
    const { session, closes } = serverSession('other/1');
    for (let nth = 0; nth < 80; nth++) {
      session.handle(event('newStream', nth));
      const stream = await session.acceptUnidirectional();
      const read = stream?.read();
      session.handle(event('data', nth, PIECE));
      stream?.stop(0);
      expect((await read)?.length).toBe(MIB);
    }
    // Were those subtracted twice, this would be let through.
    for (let nth = 100; nth < 165; nth++) session.handle(event('newStream', nth, PIECE));
    expect(closes).toHaveLength(1);
  });

  test('streams without bytes that nobody takes are bounded in number', async () => {
    const { session, closes } = serverSession('other/1');
    for (let nth = 0; nth <= 16_384; nth++) {
      session.handle(event('newStream', nth));
      session.handle(event('finished', nth));
    }
    expect(closes).toEqual([{ code: 1, reason: expect.stringContaining('wait to be taken') }]);
  });

  test('of a client that was not heard yet a sixty-fourth may wait', () => {
    const { session, closes } = serverSession('other/1', 'stranger');
    session.handle(event('newStream', 0, PIECE));
    expect(closes).toEqual([]);
    session.handle(event('data', 0, Uint8Array.of(1)));
    expect(closes).toEqual([{ code: 1, reason: expect.stringContaining('1048576 bytes wait to be read') }]);
  });
});

test('those who wait to open a stream hear of the end of the session', async () => {
  const { session } = serverSession('h3');
  const opening = Array.from({ length: 40 }, () => session.openUnidirectional());
  await Promise.all(opening.slice(0, 32));
  session.close(0, '');
  const late = await Promise.allSettled(opening.slice(32));
  expect(late.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 'rejected'));
});
