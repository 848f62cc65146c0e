import { systemRuntime } from '@flotilla/runtime/system';
import { TestHandshake } from '@flotilla/transport/conformance';
import { quicTransport } from '@flotilla/transport-quic/browser';
import { build } from 'esbuild';
import { expect, test } from 'vitest';

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
