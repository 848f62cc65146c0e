import { systemRuntime } from '@flotilla/runtime/system';
import { TestHandshake } from '@flotilla/transport/conformance';
import { afterEach, expect, test, vi } from 'vitest';
import { webSocketTransport } from './browser.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

test('what the browser does not let a page open at all is InvalidConfig', async () => {
  const refusal = new DOMException('An insecure WebSocket connection may not be initiated', 'SecurityError');
  vi.stubGlobal(
    'WebSocket',
    class {
      constructor() {
        throw refusal;
      }
    },
  );
  await using transport = webSocketTransport({ runtime: systemRuntime });
  await expect(transport.dial('ws://localhost:1', { handshake: new TestHandshake('page') })).rejects.toMatchObject({
    code: 'InvalidConfig',
    message: expect.stringContaining('does not let this page dial ws://localhost:1'),
    cause: refusal,
  });
});
