// A page that knows only the W3C's interface, against our listeners on Node and on Deno.
import { describe, expect, inject, test } from 'vitest';
import { eventsOf, nextOf, pageSession, textOf, trusting, utf8, writeAll } from './page-client.js';

const servers = inject('servers');
let keys = 0;
const newKey = (): string => `${Date.now()}-${(keys += 1)}`;

describe.each(['node', 'deno'] as const)('a listener on %s', (runtime) => {
  const { open, closed } = servers[runtime];

  describe('streams', () => {
    test('bidirectional, opened by the page, with an end each way', async () => {
      const transport = await pageSession(`${open}/echo`);
      const { readable, writable } = await transport.createBidirectionalStream();
      const [text] = await Promise.all([textOf(readable), writeAll(writable, utf8('there and back ✓'))]);
      expect(text).toBe('there and back ✓');
      transport.close();
    });

    test('unidirectional both ways', async () => {
      const transport = await pageSession(`${open}/echo`);
      await writeAll(await transport.createUnidirectionalStream(), utf8('one way and another'));
      expect(await textOf(await nextOf(transport.incomingUnidirectionalStreams))).toBe('one way and another');
      transport.close();
    });

    test('opened by the listener', async () => {
      const transport = await pageSession(`${open}/open`);
      const { readable, writable } = await nextOf<WebTransportBidirectionalStream>(
        transport.incomingBidirectionalStreams,
      );
      await writeAll(writable, utf8(', and back'));
      expect(await textOf(readable)).toBe('two ways, and back');
      expect(await textOf(await nextOf(transport.incomingUnidirectionalStreams))).toBe('one way');
      transport.close();
    });

    test('2 MiB come back unchanged', async () => {
      const transport = await pageSession(`${open}/echo`);
      const sent = Uint8Array.from({ length: 2 << 20 }, (_, place) => (place * 31 + (place >> 8)) & 0xff);
      const { readable, writable } = await transport.createBidirectionalStream();
      const [received] = await Promise.all([new Response(readable).arrayBuffer(), writeAll(writable, sent)]);
      const digests = await Promise.all([received, sent].map((bytes) => crypto.subtle.digest('SHA-256', bytes)));
      expect(new Uint8Array(digests[0]!)).toStrictEqual(new Uint8Array(digests[1]!));
      transport.close();
    });

    test('300 streams, 20 at a time', async () => {
      const transport = await pageSession(`${open}/echo`);
      for (let round = 0; round < 15; round += 1) {
        const texts = Array.from({ length: 20 }, async (_, place) => {
          const { readable, writable } = await transport.createBidirectionalStream();
          const [text] = await Promise.all([textOf(readable), writeAll(writable, utf8(`${round}/${place}`))]);
          return text;
        });
        expect(await Promise.all(texts)).toStrictEqual(Array.from(texts, (_, place) => `${round}/${place}`));
      }
      transport.close();
    });

    test('several sessions of a page at once', async () => {
      const sessions = await Promise.all(Array.from({ length: 8 }, () => pageSession(`${open}/echo`)));
      const texts = sessions.map(async (transport, place) => {
        const { readable, writable } = await transport.createBidirectionalStream();
        await writeAll(writable, utf8(String(place)));
        return textOf(readable);
      });
      expect(await Promise.all(texts)).toStrictEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
      for (const transport of sessions) transport.close();
    });
  });

  describe('datagrams', () => {
    test('come back', async () => {
      const transport = await pageSession(`${open}/echo`);
      const { readable, maxDatagramSize } = transport.datagrams;
      expect(maxDatagramSize).toBeGreaterThan(1_000);
      const writer = transport.datagrams.writable.getWriter();
      const reader = readable.getReader();
      const sent = new Uint8Array(1_000).fill(7);
      let received: Uint8Array | undefined;
      // Any of them may be lost.
      for (let attempt = 0; received === undefined && attempt < 10; attempt += 1) {
        await writer.write(sent);
        ({ value: received } = await reader.read());
      }
      expect(received).toStrictEqual(sent);
      transport.close();
    });

    test('of the listener arrive', async () => {
      const transport = await pageSession(`${open}/open`);
      expect(new TextDecoder().decode(await nextOf(transport.datagrams.readable as ReadableStream<Uint8Array>))).toBe(
        'datagram',
      );
      transport.close();
    });
  });

  describe('the end of a session', () => {
    test('code and reason of the listener', async () => {
      const transport = await pageSession(`${open}/close?code=4294967295&reason=enough`);
      expect(await transport.closed).toMatchObject({ closeCode: 4_294_967_295, reason: 'enough' });
    });

    test('code and reason of the page', async () => {
      const key = newKey();
      const events = eventsOf(open, key);
      const transport = await pageSession(`${open}/observe?key=${key}`);
      transport.close({ closeCode: 4_000_000_000, reason: 'genug ✓' });
      expect((await events.next()).value).toBe('closed 4000000000 genug ✓');
      await events.return(undefined);
    });

    test('a page that closes without saying why closes with 0', async () => {
      const key = newKey();
      const events = eventsOf(open, key);
      (await pageSession(`${open}/observe?key=${key}`)).close();
      expect((await events.next()).value).toBe('closed 0 ');
      await events.return(undefined);
    });
  });

  describe('resets', () => {
    test('of the page: the code of an abort and of a cancel arrives', async () => {
      const key = newKey();
      const events = eventsOf(open, key);
      const transport = await pageSession(`${open}/observe?key=${key}`);
      const { readable, writable } = await transport.createBidirectionalStream();
      const writer = writable.getWriter();
      await writer.write(utf8('x'));
      expect((await events.next()).value).toBe('bytes x');
      await writer.abort(new WebTransportError({ streamErrorCode: 77 } as never));
      expect((await events.next()).value).toBe('readable StreamReset 77');
      await readable.cancel(new WebTransportError({ streamErrorCode: 255 } as never));
      expect((await events.next()).value).toBe('writable StreamStopped 255');
      transport.close();
      await events.return(undefined);
    });

    // What the QUIC below cannot say, a page that speaks no frames of ours does not learn.
    test('of the listener: an abort is seen as far as the stack can say it', async () => {
      const transport = await pageSession(`${open}/abort?code=77`);
      const { readable, writable } = await transport.createBidirectionalStream();
      const writer = writable.getWriter();
      writer.closed.catch(() => undefined);
      await writer.write(utf8('x'));
      const seen = await textOf(readable).catch((error: WebTransportError) => [error.source, error.streamErrorCode]);
      expect(seen).toStrictEqual({ node: ['stream', 0], deno: '' }[runtime]);
      transport.close();
    });

    test('of the listener: a cancel is seen, without its code', async () => {
      const transport = await pageSession(`${open}/cancel?code=77`);
      const writer = (await transport.createUnidirectionalStream()).getWriter();
      await writer.write(utf8('x'));
      await expect(writer.closed).rejects.toMatchObject({ source: 'stream', streamErrorCode: 0 });
      transport.close();
    });
  });

  // A page whose attempts fail has to wait ever longer for the next (Chromium), so these are few.
  test('a page is not let in unless its origin is listed', async () => {
    await expect(new WebTransport(`${closed}/echo`, trusting()).ready).rejects.toThrow(WebTransportError);
  });
});

test('a page is not let in to a path that is not there', async () => {
  await expect(new WebTransport(`${servers.node.open}/nowhere`, trusting()).ready).rejects.toThrow(WebTransportError);
});
