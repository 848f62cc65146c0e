import { QuicServerSession } from '@currentspace/http3';
import { expect, test, vi } from 'vitest';
import { connect, listen } from '../src/index.js';
import { makeCluster } from './certificates.js';

test('a client certificate that TLS takes and the platform cannot read is refused, and the process lives', async () => {
  const { authority, server, client } = await makeCluster();
  await using listener = await listen({
    hostname: '127.0.0.1',
    tls: { ca: authority.cert, cert: server.cert, key: server.key },
  });
  const dial = () =>
    connect(`quic://127.0.0.1:${listener.address.port}`, {
      tls: { ca: authority.cert, cert: client.cert, key: client.key, serverName: 'node.flotilla' },
    });
  const reading = vi.spyOn(QuicServerSession.prototype, 'getPeerCertificateChain').mockImplementation(() => {
    throw new Error('an algorithm that nobody knows');
  });
  await expect(dial().ready).rejects.toMatchObject({ code: 'ClientCertificateRefused' });
  expect(reading).toHaveBeenCalled();
  reading.mockRestore();
  await using honest = dial();
  await honest.ready;
});
