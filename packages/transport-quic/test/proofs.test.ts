import { listen } from '@flotilla/quic-transport-ponyfill';
import { systemRuntime } from '@flotilla/runtime/system';
import { TestHandshake } from '@flotilla/transport/conformance';
import { ConnectionSet } from '@flotilla/transport/multiplex';
import { quicTransport } from '@flotilla/transport-quic';
import { expect, test } from 'vitest';
import { ALPN } from '../src/address.js';
import { checkedOptions } from '../src/options.js';
import { sessionLimits } from '../src/session-limits.js';
import { SessionSocket } from '../src/session-socket.js';
import { makeCertificate } from './certificates.js';

test('who dials quic: answers no challenge, which a node that is in the way could answer another one with', async () => {
  const authority = await makeCertificate({ commonName: 'authority', authority: true });
  const { cert, key } = await makeCertificate({ commonName: 'n', dnsNames: ['node.flotilla'], issuer: authority });
  const tls = { ca: authority.cert, cert, key };
  const checked = checkedOptions({ runtime: systemRuntime });
  await using inTheWay = await listen({
    ...sessionLimits(checked),
    mode: 'quic',
    hostname: '127.0.0.1',
    port: 0,
    alpn: ALPN,
    tls: { ...tls, clientAuth: 'require' },
  });
  const proofs: Uint8Array[] = [];
  const connections = new ConnectionSet(checked.multiplex);
  const accepting = (async () => {
    for await (const session of inTheWay) {
      const remote = { address: 'quic://127.0.0.1:1', tls: undefined, loopback: true };
      const { runtime, metrics } = checked.multiplex;
      connections.accept(new SessionSocket(session, { side: 'accepted', remote, runtime, metrics }), {
        handshake: new TestHandshake('listener'),
        timeoutMs: 5_000,
        proofs: {
          verify: (proof) => {
            proofs.push(proof);
            throw new Error('it goes elsewhere');
          },
        },
        accept: () => undefined,
      });
    }
  })();
  await using dialler = quicTransport({ runtime: systemRuntime, tls });
  await expect(
    dialler.dial(`quic://127.0.0.1:${inTheWay.address.port}`, { handshake: new TestHandshake('dialler') }),
  ).rejects.toMatchObject({
    code: 'Unauthorized',
    message: expect.stringContaining('no certificate to prove it with'),
  });
  expect(proofs).toEqual([]);
  await inTheWay.close();
  await accepting;
});
