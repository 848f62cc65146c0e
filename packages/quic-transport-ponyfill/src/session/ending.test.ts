import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLOSE_KINDS } from '../framing/control-frames.js';
import { closeInfo, endingOf, peerEnding, quicClose, quicEndingOf } from './ending.js';

describe('close info', () => {
  test('goes through CONNECTION_CLOSE as it goes over the control stream', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...CLOSE_KINDS),
        fc.nat({ max: 0xffff_ffff }),
        fc.string({ unit: 'grapheme', maxLength: 400 }),
        fc.constantFrom('client' as const, 'server' as const),
        (kind, closeCode, text, side) => {
          const info = closeInfo({ closeCode, reason: text });
          const { code, reason } = quicClose(kind, info);
          expect(quicEndingOf({ by: 'peer', code, reason }, side)).toEqual(
            peerEnding(kind, closeCode, info.reason, side),
          );
        },
      ),
    );
  });

  test('has a reason of at most 1,024 bytes, cut between characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 2_000 }), (reason) => {
        const cut = closeInfo({ reason });
        const { length } = new TextEncoder().encode(cut.reason);
        expect(length).toBeLessThanOrEqual(1_024);
        expect(reason.toWellFormed().startsWith(cut.reason)).toBe(true);
      }),
    );
  });

  test('of a peer that speaks QUIC and not this protocol is taken as it is', () => {
    const ending = quicEndingOf({ by: 'peer', code: 42, reason: 'odd' }, 'client');
    expect(ending).toEqual({ type: 'closed', info: { closeCode: 42, reason: 'odd' } });
    const huge = quicEndingOf({ by: 'peer', code: 2 ** 50, reason: '' }, 'client');
    expect(huge).toEqual({ type: 'closed', info: { closeCode: 0, reason: '' } });
  });

  test('of a WebTransport session is taken as it is, also by codes that would say a kind in raw QUIC', () => {
    for (const kind of CLOSE_KINDS) {
      const { code, reason } = quicClose(kind, { closeCode: 7, reason: 'mine' });
      expect(endingOf({ by: 'peer', code, reason })).toEqual({ type: 'closed', info: { closeCode: code, reason } });
    }
  });

  test('that is none, of a code of ours, is a failure all the same', () => {
    const { code, reason } = quicClose('application', { closeCode: 7, reason: '' });
    expect(quicEndingOf({ by: 'error', code, reason }, 'server')).toMatchObject({ type: 'failed' });
  });
});
