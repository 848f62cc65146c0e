import { expect, test } from 'vitest';
import { FlotillaError, isFlotillaError } from './index.js';

test('an error carries its code, details, cause and outcome', () => {
  const cause = new Error('disk');
  const error = new FlotillaError('StorageFailed', {
    message: 'write failed',
    details: { operation: 'append' },
    cause,
  });
  expect(isFlotillaError(error, 'StorageFailed')).toBe(true);
  expect(isFlotillaError(error, 'Timeout')).toBe(false);
  expect(error.cause).toBe(cause);
  expect(error.outcome).toBe('unknown');
});
