import { FlotillaError } from '@flotilla/errors';
import { expect, test } from 'vitest';
import { ExitCode, exitCodeOf } from './exit-code.js';

test('an exit code says what a script can do about it', () => {
  const notLeader = new FlotillaError('NotLeader', { message: 'm', details: { group: 1 } });
  const locked = new FlotillaError('StorageLocked', { message: 'm', details: { path: 'p' } });
  const timeout = new FlotillaError('Timeout', { message: 'm', details: { operation: 'put', ms: 1 } });
  const unsafe = new FlotillaError('ConfChangeInProgress', { message: 'm', details: { group: 1 } });
  expect(exitCodeOf(notLeader)).toBe(ExitCode.unavailable);
  expect(exitCodeOf(locked)).toBe(ExitCode.storage);
  expect(exitCodeOf(timeout)).toBe(ExitCode.outcomeUnknown);
  expect(exitCodeOf(unsafe)).toBe(ExitCode.refused);
  expect(exitCodeOf(new Error('a bug'))).toBe(ExitCode.failure);
});
