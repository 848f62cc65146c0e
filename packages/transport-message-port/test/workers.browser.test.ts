import { systemRuntime as runtime } from '@flotilla/runtime/system';
import type { CloseReason, Connection } from '@flotilla/transport';
import { TestHandshake } from '@flotilla/transport/conformance';
import { afterEach, describe, expect, test } from 'vitest';
import { hubRendezvous, messagePortTransport, type MessagePortTransport, PortHub } from '../src/index.js';

const hub = new PortHub({ runtime });
const ending: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ending.splice(0)) await end();
});

interface Started {
  readonly worker: Worker;
  readonly listening: Promise<unknown>;
}

function startWorker(name: string): Started {
  const worker = new Worker(new URL('./contexts/echo-worker.ts', import.meta.url), { type: 'module' });
  ending.push(() => worker.terminate());
  const listening = new Promise((resolve) => (worker.onmessage = resolve));
  const { port } = hub.link();
  worker.postMessage({ port, name }, [port as MessagePort]);
  return { worker, listening };
}

function pageTransport(keepAlive: 'off' | { intervalMs: number; missedMax: number } = 'off'): MessagePortTransport {
  const transport = messagePortTransport({ runtime, rendezvous: hubRendezvous(hub.link().port), keepAlive });
  ending.push(() => transport.close());
  return transport;
}

async function dial(
  transport: MessagePortTransport,
  name: string,
): Promise<{ readonly connection: Connection; readonly frames: Uint8Array[]; readonly closed: Promise<CloseReason> }> {
  const connection = await transport.dial(`port://${name}`, { handshake: new TestHandshake('page') });
  const frames: Uint8Array[] = [];
  const closed = new Promise<CloseReason>((resolve) =>
    connection.attach({
      frames: (arrived) => void frames.push(...arrived),
      request: (body) => Promise.resolve(body),
      stream: () => undefined,
      drained: () => undefined,
      closed: resolve,
    }),
  );
  return { connection, frames, closed };
}

describe('contexts of a page', () => {
  test('a page and two workers speak over ports that a hub hands out', async () => {
    const workers = [startWorker('one'), startWorker('two')];
    await Promise.all(workers.map(({ listening }) => listening));
    const transport = pageTransport();
    for (const name of ['one', 'two']) {
      const { connection } = await dial(transport, name);
      expect([...(await connection.request(Uint8Array.of(1, 2, 3)))]).toEqual([3, 2, 1]);
    }
    expect(hub.names).toEqual(expect.arrayContaining(['one', 'two']));
  });

  test('a worker that is terminated breaks its connections, and another takes its name', async () => {
    const first = startWorker('node');
    await first.listening;
    const transport = pageTransport({ intervalMs: 100, missedMax: 5 });
    const { closed } = await dial(transport, 'node');
    first.worker.terminate();
    expect((await closed).by).toBe('broken');
    const second = startWorker('node');
    await second.listening;
    const { connection } = await dial(transport, 'node');
    expect([...(await connection.request(Uint8Array.of(7, 8)))]).toEqual([8, 7]);
  });

  test('an iframe joins as a worker does', async () => {
    const frame = document.createElement('iframe');
    ending.push(() => frame.remove());
    frame.srcdoc = '<!doctype html>';
    const loaded = new Promise((resolve) => (frame.onload = resolve));
    document.body.append(frame);
    await loaded;
    const window = frame.contentWindow as Window & { link?: unknown };
    const link = hub.link();
    // The frame's own realm makes nothing here but the port's journey: it is posted into the frame, and back out of it.
    const returned = new Promise<MessagePort>((resolve) => {
      window.addEventListener('message', (event) => resolve(event.ports[0] as MessagePort));
    });
    window.postMessage('port', '*', [link.port as MessagePort]);
    const transport = messagePortTransport({ runtime, rendezvous: hubRendezvous(await returned) });
    ending.push(() => transport.close());
    await transport.listen('port://frame', {
      handshake: new TestHandshake('frame'),
      accept: (connection) =>
        connection.attach({
          frames: () => undefined,
          request: (body) => Promise.resolve(body),
          stream: () => undefined,
          drained: () => undefined,
          closed: () => undefined,
        }),
    });
    const { connection } = await dial(pageTransport(), 'frame');
    expect([...(await connection.request(Uint8Array.of(9)))]).toEqual([9]);
  });
});
