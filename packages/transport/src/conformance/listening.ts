import { bytesOf, check, checkEqual, checkRejects, textOf, within } from './check.js';
import { formatAddress, parseAddress } from '../address/address.js';
import { dial, listen, TestHandshake } from './pair.js';
import type { SuiteTest } from './suite.js';
import type { TransportConformanceOptions } from './under-test.js';

/** Addresses, dials, and the limits of listeners. */
export function listeningTests(test: SuiteTest, supports: TransportConformanceOptions['supports']): void {
  if (supports.ports) {
    test('a port of 0 is resolved before the address is told', {}, async (under) => {
      const first = await listen(under);
      const second = await listen(under);
      for (const { listener } of [first, second]) {
        check(!listener.address.endsWith(':0'), `the port is not resolved: ${listener.address}`);
        checkEqual(formatAddress(parseAddress(listener.address)), listener.address, 'the canonical address');
      }
      check(first.listener.address !== second.listener.address, 'two listeners have one address');
    });
  }

  test('an address that is taken is AddressInUse', {}, async (under) => {
    const { listener } = await listen(under);
    await checkRejects(
      under.listener.listen(listener.address, { handshake: new TestHandshake('x'), accept: () => {} }),
      'AddressInUse',
      'a second listener',
    );
    const dialled = await dial(under, listener.address);
    checkEqual(textOf(await dialled.connection.request(bytesOf('x'))), 'x', 'the first one goes on');
  });

  test('the transport serves the schemes that it names, and no other', {}, async (under) => {
    const scheme = under.address.slice(0, under.address.indexOf('//'));
    check(under.listener.schemes.includes(scheme), `${scheme} is not among ${under.listener.schemes.join(' ')}`);
    const handshake = new TestHandshake('x');
    for (const address of ['unheard-of://127.0.0.1:1', 'no address', '']) {
      await checkRejects(under.dialler.dial(address, { handshake }), ['InvalidConfig', 'InvalidArgument'], address);
      await checkRejects(
        under.listener.listen(address, { handshake, accept: () => {} }),
        ['InvalidConfig', 'InvalidArgument'],
        address,
      );
    }
  });

  test('an address where nobody listens is Unreachable', {}, async (under) => {
    const dialling = under.dialler.dial(under.unreachable, { handshake: new TestHandshake('x') });
    await checkRejects(within(under.runtime, dialling, 'dialling'), 'Unreachable', 'a dial');
  });

  test('a dial can be aborted, before it begins and on its way', {}, async (under) => {
    const { listener } = await listen(under);
    const handshake = new TestHandshake('x');
    await checkRejects(
      under.dialler.dial(listener.address, { handshake, signal: AbortSignal.abort() }),
      'Aborted',
      'a signal that had fired',
    );
    const controller = new AbortController();
    const dialling = under.dialler.dial(listener.address, { handshake, signal: controller.signal });
    controller.abort();
    await checkRejects(within(under.runtime, dialling, 'dialling'), 'Aborted', 'a dial');
    const after = new AbortController();
    const connection = await under.dialler.dial(listener.address, { handshake, signal: after.signal });
    connection.attach({
      frames: () => {},
      request: (body) => Promise.resolve(body),
      stream: () => {},
      drained: () => {},
      closed: () => {},
    });
    after.abort();
    checkEqual(
      textOf(await connection.request(bytesOf('alive'))),
      'alive',
      'a signal that fires later changes nothing',
    );
  });

  test('a peer that never answers is a Timeout', { handshakeTimeoutMs: 300 }, async (under) => {
    if (under.silent === undefined) return;
    const dialling = under.dialler.dial(under.silent, { handshake: new TestHandshake('x') });
    await checkRejects(within(under.runtime, dialling, 'dialling'), 'Timeout', 'a dial');
  });

  test(
    'a dialler that says nothing is disconnected at the deadline, and others are unaffected',
    // Time enough for the others on a busy machine: QUIC's handshake takes several turns of both sides.
    { handshakeTimeoutMs: 1_000 },
    async (under) => {
      if (under.connectRaw === undefined) return;
      const { listener, accepted } = await listen(under);
      const silent = await under.connectRaw(listener.address);
      const dialled = await dial(under, listener.address);
      await within(under.runtime, silent.closed, 'the end of the silent connection');
      checkEqual(textOf(await dialled.connection.request(bytesOf('x'))), 'x', 'the reply');
      checkEqual(accepted.items.length, 1, 'connections handed up');
    },
  );

  test('what is no hello ends its connection, and no other', {}, async (under) => {
    if (under.connectRaw === undefined) return;
    const { listener, accepted } = await listen(under);
    const dialled = await dial(under, listener.address);
    const garbage = [
      new Uint8Array(0),
      bytesOf('GET / HTTP/1.1'),
      Uint8Array.of(1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
      Uint8Array.of(3),
      Uint8Array.of(16, 1, 0),
      new Uint8Array(5000),
    ];
    for (const message of garbage) {
      const peer = await under.connectRaw(listener.address);
      peer.send(message);
      await within(under.runtime, peer.closed, `the end after ${message.length} bytes of garbage`);
    }
    checkEqual(textOf(await dialled.connection.request(bytesOf('x'))), 'x', 'the reply');
    checkEqual(accepted.items.length, 1, 'connections handed up');
  });

  test(
    'a listener takes no more connections than its limit, and more again when some ended',
    { connectionsMax: 3 },
    async (under) => {
      const { listener, accepted } = await listen(under);
      const sides = [
        await dial(under, listener.address),
        await dial(under, listener.address),
        await dial(under, listener.address),
      ];
      const dialling = under.dialler.dial(listener.address, { handshake: new TestHandshake('x') });
      await checkRejects(within(under.runtime, dialling, 'dialling'), ['Overloaded', 'Unreachable'], 'a fourth dial');
      await accepted.atLeast(3, 'connections at the listener');
      checkEqual(accepted.items.length, 3, 'connections at the listener');
      sides[0]?.connection.destroy(new Error('make room'));
      await accepted.items[0]?.events.ends.first('the end of the first connection');
      const another = await dial(under, listener.address);
      checkEqual(textOf(await another.connection.request(bytesOf('x'))), 'x', 'the reply');
    },
  );
}
