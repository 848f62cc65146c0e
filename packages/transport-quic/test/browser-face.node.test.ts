import { systemRuntime } from '@flotilla/runtime/system';
import { TestHandshake } from '@flotilla/transport/conformance';
import { quicTransport } from '@flotilla/transport-quic/browser';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { quicAddress } from '../src/address.js';
import { connectSession } from '../src/dial.js';
import { checkedOptions } from '../src/options.js';
import { quicTransport as nodeTransport } from '../src/quic-transport.js';
import { makeCluster } from './certificates.js';

test('bundled for a page, the package names neither Node nor the native library', async () => {
  const result = await build({
    stdin: { contents: "export * from '@flotilla/transport-quic';", resolveDir: import.meta.dirname },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    conditions: ['@flotilla/source'],
    metafile: true,
  });
  const inputs = Object.keys(result.metafile.inputs);
  expect(inputs.some((path) => path.endsWith('src/browser.ts'))).toBe(true);
  expect(inputs.filter((path) => path.includes('@currentspace') || path.startsWith('node:'))).toEqual([]);
  expect(result.outputFiles[0]?.text).not.toMatch(/["']node:|@currentspace/);
});

test('the face for pages dials wt: alone, listens nowhere, and takes no certificates', async () => {
  const tls = { ca: 'a', cert: 'c', key: 'k' };
  expect(() => quicTransport({ runtime: systemRuntime, tls })).toThrow(
    expect.objectContaining({ code: 'InvalidConfig' }),
  );
  await using transport = quicTransport({ runtime: systemRuntime });
  const handshake = new TestHandshake('page');
  expect(transport.schemes).toEqual(['wt:']);
  const refusals = [
    transport.dial('quic://127.0.0.1:1', { handshake }),
    transport.listen('wt://127.0.0.1:0', { handshake, accept: () => {} }),
  ];
  for (const refusal of refusals) await expect(refusal).rejects.toMatchObject({ code: 'InvalidConfig' });
});

test('a dial does not wait for hashes longer than it has time', async () => {
  await using transport = quicTransport({
    runtime: systemRuntime,
    limits: { handshakeTimeoutMs: 50 },
    serverCertificateHashes: () => new Promise(() => {}),
  });
  await expect(transport.dial('wt://127.0.0.1:1', { handshake: new TestHandshake('page') })).rejects.toMatchObject({
    code: 'Timeout',
  });
});

test('hashes of certificates are of SHA-256', async () => {
  await using transport = quicTransport({
    runtime: systemRuntime,
    serverCertificateHashes: async () => [new Uint8Array(20)],
  });
  await expect(transport.dial('wt://127.0.0.1:1', { handshake: new TestHandshake('page') })).rejects.toMatchObject({
    code: 'InvalidConfig',
    details: { key: 'serverCertificateHashes' },
  });
});

test.each([
  ['is said to be unseen where the platform shows none, as in pages', undefined, true],
  ['is said to be none where the platform would show it', () => undefined, undefined],
])('the certificate of a dialled listener %s', async (_, identity, tlsUnseen) => {
  const { tls } = await makeCluster();
  await using listening = nodeTransport({ runtime: systemRuntime, tls });
  const { address } = await listening.listen('wt://127.0.0.1:0', {
    handshake: new TestHandshake('listener'),
    accept: () => {},
  });
  const socket = await connectSession(
    quicAddress(address),
    {
      checked: checkedOptions({ runtime: systemRuntime }),
      tls: { ca: String(tls.ca), serverName: 'node.flotilla' },
      identity,
      probePort: undefined,
    },
    AbortSignal.timeout(10_000),
  );
  expect(socket.remote.tls).toBeUndefined();
  expect(socket.remote.tlsUnseen).toBe(tlsUnseen);
  socket.destroy(new Error('seen'));
});

test('a dial that was given up before it began begins nothing', async () => {
  const reached = connectSession(
    quicAddress('wt://127.0.0.1:1'),
    {
      checked: checkedOptions({ runtime: systemRuntime }),
      tls: undefined,
      identity: undefined,
      probePort: undefined,
    },
    AbortSignal.abort(new Error('no longer wanted')),
  );
  await expect(reached).rejects.toMatchObject({ code: 'Aborted' });
});
