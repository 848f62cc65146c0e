import { describe, expect, test } from 'vitest';
import {
  assertNever,
  ERROR_CODES,
  FlotillaError,
  invariant,
  InvariantViolation,
  isErrorCode,
  isFlotillaError,
  maybe,
} from './index.js';

describe('an error', () => {
  test('carries its code, details, cause and outcome, and names the code in its text', () => {
    const cause = new Error('disk');
    const error = new FlotillaError('StorageFailed', {
      message: 'write failed',
      details: { operation: 'append' },
      cause,
    });
    expect(error.message).toBe('StorageFailed: write failed');
    expect(error.cause).toBe(cause);
    expect(error.details.operation).toBe('append');
    expect(error.outcome).toBe('unknown');
  });

  test('is known by name and code, so that copies of this package know each other’s', () => {
    const error = new FlotillaError('NotReady', { message: 'm', details: { reason: 'r' } });
    expect(isFlotillaError(error)).toBe(true);
    expect(isFlotillaError(error, 'NotReady')).toBe(true);
    expect(isFlotillaError(error, 'Timeout')).toBe(false);
    expect(isFlotillaError(new Error('NotReady'))).toBe(false);
    expect(isFlotillaError({ name: 'FlotillaError', code: 'NotReady' })).toBe(false);
    expect('cause' in error).toBe(false);
  });
});

describe('an outcome', () => {
  test('is what the code implies, unless the thrower knows better', () => {
    const details = { operation: 'put', ms: 5 };
    expect(new FlotillaError('Timeout', { message: 'm', details }).outcome).toBe('unknown');
    expect(new FlotillaError('Timeout', { message: 'm', details, outcome: 'definite' }).outcome).toBe('definite');
  });

  test('is unknown for every code after which the command may have been applied', () => {
    const unknown = Object.keys(ERROR_CODES).filter(
      (code) => isErrorCode(code) && ERROR_CODES[code].outcome === 'unknown',
    );
    expect(unknown.toSorted()).toEqual(
      [
        'Aborted',
        'ConnectionClosed',
        'GroupStopped',
        'Internal',
        'ProposalOutcomeUnknown',
        'QuorumLost',
        'SessionExpired',
        'Shutdown',
        'StorageFailed',
        'Timeout',
        'UnexpectedResponse',
      ].toSorted(),
    );
  });
});

describe('invariants', () => {
  test('a broken one names its values, and builds the text only then', () => {
    let built = 0;
    const text = (): string => {
      built += 1;
      return 'commit 5 above last 4';
    };
    invariant(true, text);
    expect(built).toBe(0);
    expect(() => invariant(false, text)).toThrow(new InvariantViolation('commit 5 above last 4'));
    expect(() => invariant(false, 'plain')).toThrow('plain');
  });

  test('maybe gives back what it is given; assertNever always throws', () => {
    expect(maybe(true)).toBe(true);
    expect(maybe(false)).toBe(false);
    expect(() => assertNever({ kind: 'new' } as never)).toThrow('unexpected value {"kind":"new"}');
  });
});
