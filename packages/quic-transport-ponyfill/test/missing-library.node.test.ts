import { expect, test } from 'vitest';
import { libraryBackend } from '../src/native/node.js';

test('without the native library the error says how to get it', async () => {
  const cause = Object.assign(new Error("Cannot find package '@currentspace/http3'"), { code: 'ERR_MODULE_NOT_FOUND' });
  const missing = libraryBackend(() => Promise.reject(cause));
  await expect(missing).rejects.toMatchObject({
    code: 'NativeLibraryMissing',
    message: expect.stringContaining('npm install @currentspace/http3@0.9.0'),
    cause,
  });
});

test('where Deno does not let it be loaded the error names the permissions', async () => {
  const cause = Object.assign(new Error('Requires ffi access'), { name: 'NotCapable' });
  await expect(libraryBackend(() => Promise.reject(cause))).rejects.toMatchObject({
    code: 'Unsupported',
    message: expect.stringContaining('--allow-ffi'),
  });
});

test('where it has no binary for the platform the error says the same', async () => {
  const refuse = (): never => {
    throw new Error('Failed to load native binding');
  };
  const { connectQuic, createQuicServer, ...rest } = await import('@currentspace/http3');
  expect([typeof connectQuic, typeof createQuicServer]).toEqual(['function', 'function']);
  const backend = await libraryBackend(() =>
    Promise.resolve({ ...rest, connectQuic: refuse, createQuicServer: refuse }),
  );
  const shared = { alpn: ['x'], idleTimeoutMs: 1_000, maxStreams: { bidirectional: 1, unidirectional: 1 } };
  const local = { hostname: '127.0.0.1', port: 1 };
  const dialled = backend.connect({ ...shared, ...local, serverName: 'x', signal: AbortSignal.timeout(1_000) });
  await expect(dialled).rejects.toMatchObject({ code: 'NativeLibraryMissing' });
  const bound = backend.listen({ ...shared, ...local, cert: '', key: '', clientAuth: 'none', maxSessions: 1 });
  await expect(bound).rejects.toMatchObject({ code: 'NativeLibraryMissing' });
});
