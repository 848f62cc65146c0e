import { ByteWriter } from '@flotilla/bytes';
import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeHello,
  decodeRefusal,
  encodeHello,
  encodeRefusal,
  type Hello,
  HELLO_BYTES_MAX,
  negotiateVersion,
  type VersionRange,
} from '../index.js';
import { count, mutated } from '../testdata/arbitraries.js';

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''));

const hello: fc.Arbitrary<Hello> = fc.record({
  role: fc.constantFrom('peer', 'client'),
  versions: fc.integer({ min: 1, max: 0xffff }).map((max) => ({ min: 1, max })),
  clusterId: fc.option(hex(16), { nil: undefined }),
  nodeId: count,
  incarnation: fc.option(hex(8), { nil: undefined }),
  clusterEpoch: count,
  hostEpoch: count,
  addresses: fc.array(
    fc.webUrl({ size: 'small' }).map((url) => url.slice(0, 60)),
    { maxLength: 16 },
  ),
  capabilities: fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 8 }),
});

const simple: Hello = {
  role: 'peer',
  versions: { min: 1, max: 1 },
  clusterId: '00'.repeat(16),
  nodeId: 3,
  incarnation: '11'.repeat(8),
  clusterEpoch: 4,
  hostEpoch: 5,
  addresses: ['ws://127.0.0.1:7001'],
  capabilities: [],
};

describe('a hello', () => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(hello, (each) => {
        expect(decodeHello(encodeHello(each))).toEqual(each);
      }),
    );
  });

  test('any bytes, and any changed hello, decode or are refused with a typed error', () => {
    const decodesOrRefuses = (bytes: Uint8Array): void => {
      try {
        decodeHello(bytes);
      } catch (error) {
        expect(
          isFlotillaError(error, 'MalformedFrame') ||
            isFlotillaError(error, 'IncompatibleVersion') ||
            isFlotillaError(error, 'LimitExceeded'),
        ).toBe(true);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), decodesOrRefuses));
    fc.assert(fc.property(mutated(hello.map(encodeHello)), decodesOrRefuses), { numRuns: 1000 });
  });

  test('of a version to come is refused by its range alone, whatever stands behind', () => {
    const writer = new ByteWriter();
    writer.raw(encodeHello(simple).subarray(0, 4));
    writer.u16(7);
    writer.u16(9);
    writer.raw(Uint8Array.of(1, 2, 3));
    const refuse = (): Hello => decodeHello(writer.view());
    expect(refuse).toThrow(FlotillaError);
    expect(refuse).toThrow('this side speaks wire versions 1, the other 7-9');
  });

  test('may carry extensions, which this version skips', () => {
    const bytes = encodeHello(simple);
    const writer = new ByteWriter();
    writer.raw(bytes.subarray(0, bytes.length - 1));
    writer.varint(2);
    writer.varint(900);
    writer.bytes(Uint8Array.of(1, 2, 3));
    writer.varint(901);
    writer.bytes(new Uint8Array(0));
    expect(decodeHello(writer.view())).toEqual(simple);
  });

  test.each([
    ['no magic', (bytes: Uint8Array) => bytes.fill(0, 0, 4), 'no hello of Flotilla'],
    ['a range upside down', (bytes: Uint8Array) => bytes.fill(9, 4, 5), 'no range of versions'],
    ['version 0', (bytes: Uint8Array) => bytes.fill(0, 4, 5), 'no range of versions'],
    ['an unknown role', (bytes: Uint8Array) => bytes.fill(7, 8, 9), 'unknown role'],
    ['unknown parts', (bytes: Uint8Array) => bytes.fill(4, 9, 10), 'unknown parts'],
  ])('with %s is refused', (_, change, reason) => {
    const bytes = encodeHello(simple);
    change(bytes);
    expect(() => decodeHello(bytes)).toThrow(reason);
  });

  test('above 4 KiB is refused, on both sides', () => {
    expect(() => decodeHello(new Uint8Array(HELLO_BYTES_MAX + 1))).toThrow('LimitExceeded');
    const long = Array.from({ length: 16 }, () => `ws://${'a'.repeat(300)}:1`);
    expect(() => encodeHello({ ...simple, addresses: long })).toThrow('LimitExceeded');
    expect(() => encodeHello({ ...simple, addresses: Array.from({ length: 17 }, () => 'ws://a:1') })).toThrow(
      'LimitExceeded',
    );
  });

  test('with an id that is no hexadecimal text of its length violates an invariant', () => {
    expect(() => encodeHello({ ...simple, clusterId: 'xyz' })).toThrow('not 16 bytes');
    expect(() => encodeHello({ ...simple, incarnation: 'AA'.repeat(8) })).toThrow('not 8 bytes');
  });
});

describe('versions', () => {
  const range: fc.Arbitrary<VersionRange> = fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.nat(10))
    .map(([min, more]) => ({ min, max: min + more }));

  test('the highest one in common is chosen, the same on both sides; none in common is IncompatibleVersion with both ranges', () => {
    fc.assert(
      fc.property(range, range, (ours, theirs) => {
        const common = Array.from({ length: 40 }, (_, version) => version).filter(
          (version) => version >= ours.min && version <= ours.max && version >= theirs.min && version <= theirs.max,
        );
        const highest = common.at(-1);
        if (highest === undefined) {
          const refuse = (): number => negotiateVersion(ours, theirs);
          expect(refuse).toThrow('IncompatibleVersion');
          expect(refuse).toThrow('none in common');
        } else {
          expect(negotiateVersion(ours, theirs)).toBe(highest);
          expect(negotiateVersion(theirs, ours)).toBe(highest);
        }
      }),
    );
  });
});

describe('a refusal', () => {
  test('carries the error and fits its bound', () => {
    const error = new FlotillaError('WrongCluster', {
      message: 'x'.repeat(10_000),
      details: { ours: 'a', theirs: 'b' },
    });
    const bytes = encodeRefusal(error);
    expect(bytes.length).toBeLessThanOrEqual(HELLO_BYTES_MAX);
    expect(decodeRefusal(bytes)).toMatchObject({
      code: 'WrongCluster',
      details: { ours: 'a', theirs: 'b' },
      outcome: 'definite',
    });
    expect(encodeRefusal('\u0000'.repeat(10_000)).length).toBeLessThanOrEqual(HELLO_BYTES_MAX);
  });

  test('that cannot be read is Internal, never a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeRefusal(bytes).code).toBe('Internal');
      }),
    );
  });
});
