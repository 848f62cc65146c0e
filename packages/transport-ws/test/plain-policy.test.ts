import { networkInterfaces } from 'node:os';
import { systemRuntime } from '@flotilla/runtime/system';
import { isLoopbackAddress } from '@flotilla/transport';
import { webSocketTransport } from '@flotilla/transport-ws';
import { webSocketTransport as browserTransport } from '@flotilla/transport-ws/browser';
import { describe, expect, test } from 'vitest';
import { rawPeer } from './raw-peers.js';
import { codeOf, dial, listen, observed, serves, until } from './sides.js';

/** An address of this machine that others could reach, if it has one. */
const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((each) => each?.family === 'IPv4' && !isLoopbackAddress(each.address))?.address;

describe('plain WebSocket is for loopback only', () => {
  const beyond = [
    'ws://0.0.0.0:0',
    'ws://[::]:0',
    'ws://192.0.2.1:0',
    'ws://[2001:db8::1]:0',
    'ws://[::ffff:192.0.2.1]:0',
  ];
  for (const address of beyond) {
    test(`listening on ${address} is refused`, async () => {
      await using side = observed();
      expect(await codeOf(listen(side.transport, address))).toBe('InvalidConfig');
      expect(side.warnings).toEqual([]);
    });
    test(`dialling ${address} is refused before a byte is sent`, async () => {
      await using side = observed();
      expect(await codeOf(dial(side.transport, address.replace(':0', ':1')))).toBe('InvalidConfig');
    });
  }

  test('all forms of loopback work', async () => {
    for (const address of [
      'ws://127.0.0.1:0',
      'ws://127.8.9.10:0',
      'ws://[::1]:0',
      'ws://[::ffff:127.0.0.1]:0',
      'ws://localhost:0',
    ]) {
      await using side = observed();
      const listener = await listen(side.transport, address).catch((error: unknown) => {
        // A machine without IPv6 cannot show this.
        if (address.includes('[') && String(error).includes('EADDRNOTAVAIL')) return undefined;
        throw error;
      });
      if (listener === undefined) continue;
      expect(await serves(side.transport, listener.address)).toBe(true);
      expect(listener.accepted[0]?.remote.loopback).toBe(true);
      expect(listener.accepted[0]?.remote.tls).toBeUndefined();
    }
  });

  test('it is what a name resolves to that counts, all of it', async () => {
    await using side = observed({
      resolve: async () => [
        { address: '127.0.0.1', family: 4 },
        { address: '192.0.2.1', family: 4 },
      ],
    });
    expect(await codeOf(dial(side.transport, 'ws://localhost:1'))).toBe('InvalidConfig');
    expect(await codeOf(listen(side.transport, 'ws://localhost:0'))).toBe('InvalidConfig');
  });

  test('a name that answers otherwise a second time changes nothing: what was judged is what is connected to', async () => {
    const asked: string[] = [];
    await using side = observed({
      resolve: async (host) => {
        asked.push(host);
        return [{ address: asked.length === 1 ? '127.0.0.1' : '192.0.2.1', family: 4 }];
      },
    });
    await using other = observed();
    const { address } = await listen(other.transport, 'ws://127.0.0.1:0');
    const port = new URL(address).port;
    const { remote } = await dial(side.transport, `ws://rebinding.example:${port}`);
    expect(remote).toMatchObject({ address: `ws://rebinding.example:${port}`, loopback: true });
    expect(asked).toEqual(['rebinding.example']);
    expect(await codeOf(dial(side.transport, `ws://rebinding.example:${port}`))).toBe('InvalidConfig');
  });

  test('what a proxy says of the other side is not believed', async () => {
    await using side = observed();
    const listener = await listen(side.transport, 'ws://127.0.0.1:0');
    const headers = { 'x-forwarded-for': '192.0.2.1', forwarded: 'for=192.0.2.1', 'x-real-ip': '192.0.2.1' };
    const peer = await rawPeer(listener.address, { headers });
    peer.socket.terminate();
    await until(() => side.events.length > 0);
    const [event] = side.events;
    expect(event !== undefined && 'address' in event && event.address).toMatch(/^ws:\/\/127\.0\.0\.1:\d+$/);
  });

  test('a name without an address is Unreachable', async () => {
    await using side = observed({ resolve: async () => [] });
    expect(await codeOf(dial(side.transport, 'ws://nowhere.example:1'))).toBe('Unreachable');
  });
});

describe('plain beyond loopback, allowed by name', () => {
  test('takes the whole name, and nothing that looks like yes', () => {
    for (const value of [true, 'yes', 1, 'I-know-this-is-insecure']) {
      const make = (): unknown => webSocketTransport({ runtime: systemRuntime, plainOffLoopback: value as never });
      expect(make).toThrow(expect.objectContaining({ code: 'InvalidConfig' }));
    }
  });

  test.skipIf(ownAddress === undefined)('works, and says so loudly on both sides', async () => {
    await using side = observed({ plainOffLoopback: 'i-know-this-is-insecure' });
    const listener = await listen(side.transport, `ws://${ownAddress}:0`);
    expect(side.warnings).toHaveLength(1);
    expect(side.warnings[0]).toMatch(/^INSECURE: /);
    expect(side.events.map((event) => event.type)).toEqual(['insecure-plain']);
    expect(await serves(side.transport, listener.address)).toBe(true);
    expect(side.warnings).toHaveLength(2);
    expect(listener.accepted[0]?.remote.loopback).toBe(false);
  });

  test('does not warn where nothing leaves the machine', async () => {
    await using side = observed({ plainOffLoopback: 'i-know-this-is-insecure' });
    const listener = await listen(side.transport, 'ws://127.0.0.1:0');
    expect(await serves(side.transport, listener.address)).toBe(true);
    expect(side.warnings).toEqual([]);
  });
});

describe('in a page', () => {
  test('plain beyond loopback is refused by the host as it is written', async () => {
    const transport = browserTransport({ runtime: systemRuntime });
    for (const host of ['192.0.2.1', 'example.com', '[2001:db8::1]', 'localhost.example']) {
      expect(await codeOf(dial(transport, `ws://${host}:1`)), host).toBe('InvalidConfig');
    }
    await transport.close();
  });

  test('listening and certificates are refused', async () => {
    const transport = browserTransport({ runtime: systemRuntime });
    expect(await codeOf(listen(transport, 'ws://127.0.0.1:0'))).toBe('InvalidConfig');
    const tls = { ca: '', cert: '', key: '' };
    expect(() => transport.reloadTls(tls)).toThrow(expect.objectContaining({ code: 'InvalidConfig' }));
    expect(() => browserTransport({ runtime: systemRuntime, tls })).toThrow(
      expect.objectContaining({ code: 'InvalidConfig' }),
    );
    await transport.close();
  });
});
