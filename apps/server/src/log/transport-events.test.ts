import { expect, test } from 'vitest';
import { createLogger } from './logger.js';
import { logTransportEvent } from './transport-events.js';

test('of a transport a port that is not served any more is a warning; what peers cause is for who looks for it', () => {
  const lines: string[] = [];
  const logger = createLogger({ level: 'info', format: 'text', write: (line) => lines.push(line), wallClock: () => 0 });
  const address = 'quic://10.0.0.1:7101';
  const error = new Error('address in use');
  logTransportEvent(logger, { type: 'handshake-failed', side: 'accepted', address, error });
  logTransportEvent(logger, { type: 'connection-broken', address, error });
  logTransportEvent(logger, { type: 'callback-failed', address, error });
  expect(lines).toEqual([]);
  logTransportEvent(logger, { type: 'listener-failed', address, error });
  expect(lines).toEqual([expect.stringMatching(/ warn {2}transport\.listener-failed .*7101.*address in use/)]);
});
