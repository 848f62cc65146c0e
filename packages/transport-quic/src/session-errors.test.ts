import { QuicError } from '@flotilla/quic-transport-ponyfill';
import { expect, test } from 'vitest';
import { dialError, sessionError } from './session-errors.js';

const url = 'quic://10.0.0.1:7101';

test.each(['NativeLibraryMissing', 'Unsupported'] as const)(
  '%s: who dials reaches nobody by QUIC, who listens is configured wrongly',
  (code) => {
    const error = new QuicError(code, 'npm install it');
    expect(dialError(url, error)).toMatchObject({
      code: 'Unreachable',
      outcome: 'definite',
      message: expect.stringContaining('npm install it'),
    });
    expect(sessionError(url, error)).toMatchObject({ code: 'InvalidConfig' });
  },
);

test('what else a dial ends with is said as it is of a session', () => {
  const error = new QuicError('ClientCertificateRefused', 'issuer unknown');
  expect(dialError(url, error)).toEqual(sessionError(url, error));
  expect(dialError(url, error)).toMatchObject({ code: 'Unauthorized' });
});

test.each(['SessionClosed', 'IdleTimeout', 'ConnectionLost'] as const)(
  '%s: a session that breaks is a closed connection, a dial that it ends has reached nobody',
  (code) => {
    const error = new QuicError(code, 'the other side went away');
    expect(dialError(url, error)).toMatchObject({
      code: 'Unreachable',
      outcome: 'definite',
      details: { address: url },
    });
    expect(sessionError(url, error)).toMatchObject({ code: 'ConnectionClosed' });
  },
);
