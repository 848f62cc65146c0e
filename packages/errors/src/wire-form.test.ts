import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeError,
  ENCODED_ERROR_BYTES_MAX,
  encodeError,
  ERROR_CODES,
  type ErrorCode,
  type ErrorDetails,
  FlotillaError,
  isErrorCode,
  type Outcome,
  toFlotillaError,
} from './index.js';

const codes = Object.keys(ERROR_CODES).filter(isErrorCode);

/** Details of a code with every field present, or with the optional ones absent. */
function detailsOf<C extends ErrorCode>(code: C, options: { readonly withOptional: boolean }): ErrorDetails[C] {
  const details: Record<string, string | number> = {};
  for (const [key, kind] of Object.entries(ERROR_CODES[code].details) as [string, string][]) {
    if (kind.endsWith('?') && !options.withOptional) continue;
    details[key] = kind.startsWith('number') ? 7 : 'some text';
  }
  return details as unknown as ErrorDetails[C];
}

const anyError = fc
  .record({
    code: fc.constantFrom(...codes),
    message: fc.string({ unit: 'binary', maxLength: 100 }),
    withOptional: fc.boolean(),
    outcome: fc.constantFrom<Outcome>('definite', 'unknown'),
    cause: fc.option(fc.string({ maxLength: 50 }), { nil: undefined }),
  })
  .map(
    ({ code, message, withOptional, outcome, cause }) =>
      new FlotillaError(code, {
        message,
        details: detailsOf(code, { withOptional }),
        outcome,
        ...(cause === undefined ? {} : { cause: new Error(cause) }),
      }),
  );

describe('the wire form', () => {
  test('gives back code, message, details, outcome and the text of the cause, for every code', () => {
    fc.assert(
      fc.property(anyError, (error) => {
        const back = decodeError(encodeError(error));
        expect(back).toBeInstanceOf(FlotillaError);
        expect(back.code).toBe(error.code);
        expect(back.message).toBe(new TextDecoder().decode(new TextEncoder().encode(error.message)));
        expect(back.details).toEqual(error.details);
        expect(back.outcome).toBe(error.outcome);
        if (error.cause instanceof Error) expect((back.cause as Error).message).toBe(error.cause.message || 'Error');
      }),
    );
  });

  test('fits its bound, whatever the texts', () => {
    const text = fc.oneof(
      fc.constantFrom('\u0000', '"', '€', '\ud83d\ude00', 'a').map((unit) => unit.repeat(5000)),
      fc.string({ unit: 'binary', maxLength: 8000 }),
    );
    fc.assert(
      fc.property(text, text, fc.constantFrom(1024, 2048, ENCODED_ERROR_BYTES_MAX), (message, detail, bytesMax) => {
        const error = new FlotillaError('InvalidConfig', {
          message,
          details: { key: detail, reason: detail, nearest: detail },
          cause: new Error(detail),
        });
        const bytes = encodeError(error, bytesMax);
        expect(bytes.length).toBeLessThanOrEqual(bytesMax);
        expect(decodeError(bytes).code).toBe('InvalidConfig');
      }),
      { numRuns: 50 },
    );
  });

  test('carries no stack trace', () => {
    const error = new FlotillaError('Internal', { message: 'm', details: { reason: 'r' }, cause: new Error('deep') });
    const text = new TextDecoder().decode(encodeError(error));
    expect(text).not.toContain('.test.');
    expect(text).not.toContain('at ');
  });
});

describe('an undecodable error becomes Internal with an unknown outcome, never a throw', () => {
  const encoder = new TextEncoder();
  const wire = (value: unknown): Uint8Array => Uint8Array.from([1, ...encoder.encode(JSON.stringify(value))]);
  const good = { code: 'NotReady', message: 'm', outcome: 'definite', details: { reason: 'r' } };

  test.each([
    ['no bytes', new Uint8Array(0)],
    ['too many bytes', new Uint8Array(ENCODED_ERROR_BYTES_MAX + 1).fill(1)],
    ['a later version', Uint8Array.of(2, 123, 125)],
    ['no JSON', Uint8Array.of(1, 123)],
    ['no UTF-8', Uint8Array.of(1, 0xff)],
    ['not an object', wire([])],
    ['null', wire(null)],
    ['an unknown code', wire({ ...good, code: 'MadeUp' })],
    ['a code of Object.prototype', wire({ ...good, code: 'constructor' })],
    ['__proto__ as code', wire({ ...good, code: '__proto__' })],
    ['no message', wire({ ...good, message: undefined })],
    ['no details', wire({ ...good, details: undefined })],
    ['a missing detail', wire({ ...good, details: {} })],
    ['a detail of another type', wire({ ...good, details: { reason: 5 } })],
    ['a nested detail', wire({ ...good, details: { reason: { deep: 1 } } })],
    ['no outcome', wire({ ...good, outcome: 'maybe' })],
  ])('%s', (_, bytes) => {
    const error = decodeError(bytes);
    expect(error.code).toBe('Internal');
    expect(error.outcome).toBe('unknown');
    expect(error.message).toContain('cannot be read');
  });

  test('details that the code does not have are left out', () => {
    const error = decodeError(wire({ ...good, details: { reason: 'r', extra: 'x', __proto__: null } }));
    expect(error.code).toBe('NotReady');
    expect(error.details).toEqual({ reason: 'r' });
  });

  test('any bytes at all, and any change of one byte of a good one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(isErrorCode(decodeError(bytes).code)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(anyError, fc.nat(), fc.nat(255), (error, at, value) => {
        const bytes = encodeError(error);
        bytes[at % bytes.length] = value;
        expect(isErrorCode(decodeError(bytes).code)).toBe(true);
      }),
    );
  });
});

describe('toFlotillaError', () => {
  test('leaves ours alone', () => {
    const error = new FlotillaError('Shutdown', { message: 'stopped', details: {} });
    expect(toFlotillaError(error)).toBe(error);
  });

  test('knows the web’s own aborts and time-outs', () => {
    expect(toFlotillaError(new DOMException('gone', 'AbortError')).code).toBe('Aborted');
    expect(toFlotillaError(new DOMException('late', 'TimeoutError')).code).toBe('Timeout');
  });

  test('takes anything else for Internal, with the value as cause', () => {
    const cause = new TypeError('x is not a function');
    const error = toFlotillaError(cause);
    expect(error).toMatchObject({ code: 'Internal', outcome: 'unknown', cause });
    expect(toFlotillaError('text').details).toEqual({ reason: 'text' });
    for (const thrown of [undefined, null, 7, Symbol('s'), Object.create(null)]) {
      expect(toFlotillaError(thrown).code).toBe('Internal');
    }
  });

  test('takes an error with a code of ours from a copy of this package for ours, and one with a foreign code for Internal', () => {
    const twin = Object.assign(new Error('NotReady: m'), {
      code: 'NotReady',
      details: { reason: 'r' },
      outcome: 'definite',
    });
    twin.name = 'FlotillaError';
    expect(decodeError(encodeError(twin))).toMatchObject({
      code: 'NotReady',
      details: { reason: 'r' },
      outcome: 'definite',
    });
    const foreign = Object.assign(new Error('m'), { code: 'EWHAT' });
    foreign.name = 'FlotillaError';
    expect(toFlotillaError(foreign).code).toBe('Internal');
  });
});
