import { isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSessionEnvelope, encodeSessionEnvelope, type SessionEnvelope } from '../index.js';
import { count, mutated } from '../testdata/arbitraries.js';

const clientId = fc.uint8Array({ minLength: 16, maxLength: 16 });
const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const envelope: fc.Arbitrary<SessionEnvelope> = fc.oneof(
  fc.record({ kind: fc.constant('bare' as const), command: fc.uint8Array() }),
  fc
    .record({ clientId, sequence, behind: fc.maxSafeNat(), vshard: count, command: fc.uint8Array() })
    .map(({ behind, ...rest }) => ({ kind: 'command' as const, acknowledged: behind % rest.sequence, ...rest })),
  fc.record({ kind: fc.constant('register' as const), clientId, vshard: count, ttlMs: count }),
  fc.record({
    kind: fc.constant('expire' as const),
    sessions: fc.array(fc.record({ clientId, vshard: count, sequence: count }), { maxLength: 20 }),
  }),
);

describe('a session envelope', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(envelope, (each) => {
        expect(decodeSessionEnvelope(encodeSessionEnvelope(each))).toEqual(each);
      }),
    );
  });

  test('costs a bare command one byte, and gives it back as a view', () => {
    const bytes = encodeSessionEnvelope({ kind: 'bare', command: Uint8Array.of(7, 8) });
    expect([...bytes]).toEqual([0, 7, 8]);
    const back = decodeSessionEnvelope(bytes);
    expect(back.kind === 'bare' && back.command.buffer === bytes.buffer).toBe(true);
  });

  test('any bytes, and changed envelopes, decode or are refused with a typed error', () => {
    const some = fc.oneof(fc.uint8Array({ maxLength: 80 }), mutated(envelope.map(encodeSessionEnvelope)));
    fc.assert(
      fc.property(some, (bytes) => {
        try {
          decodeSessionEnvelope(bytes);
        } catch (error) {
          expect(isFlotillaError(error, 'MalformedFrame')).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('of an unknown form is refused, never taken for another', () => {
    expect(() => decodeSessionEnvelope(Uint8Array.of(4))).toThrow('unknown form 4');
    expect(() => decodeSessionEnvelope(new Uint8Array(0))).toThrow('MalformedFrame');
  });

  test('acknowledges only what lies before its own sequence', () => {
    const command = {
      kind: 'command',
      clientId: new Uint8Array(16),
      sequence: 3,
      acknowledged: 3,
      vshard: 0,
      command: new Uint8Array(0),
    } as const;
    expect(() => decodeSessionEnvelope(encodeSessionEnvelope(command))).toThrow('sequence 3 with 3 acknowledged');
    expect(() => encodeSessionEnvelope({ ...command, clientId: new Uint8Array(15) })).toThrow('16 bytes, not 15');
  });
});
