import { isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress } from './address.js';
import { formatIpv6, isLoopbackAddress, parseIpv4, parseIpv6 } from './internet-address.js';

const canonical = (text: string): string => formatAddress(parseAddress(text));

describe('the canonical form', () => {
  const forms: readonly (readonly [string, string])[] = [
    ['ws://127.0.0.1:7000', 'ws://127.0.0.1:7000'],
    ['WS://LocalHost:7000/', 'ws://localhost:7000'],
    ['wss://Example.COM.:443', 'wss://example.com:443'],
    ['ws://h:080', 'ws://h:80'],
    ['ws://[0:0:0:0:0:0:0:1]:1', 'ws://[::1]:1'],
    ['ws://[2001:DB8:0:0:1:0:0:1]:1', 'ws://[2001:db8::1:0:0:1]:1'],
    ['ws://[::FFFF:7f00:1]:1', 'ws://[::ffff:127.0.0.1]:1'],
    ['mem://n1', 'mem://n1'],
    ['mem://1', 'mem://1'],
    ['mem://n1:0', 'mem://n1:0'],
    ['quic://a_b-c.d:65535', 'quic://a_b-c.d:65535'],
  ];
  for (const [given, form] of forms) {
    test(`of ${given} is ${form}`, () => {
      expect(canonical(given)).toBe(form);
      expect(canonical(form)).toBe(form);
    });
  }
});

describe('what is no address', () => {
  const bad = [
    '',
    'ws',
    'ws:',
    'ws://',
    'ws:///',
    'ws://h',
    '127.0.0.1:7000',
    'ws://127.1:7000',
    'ws://127.0.0.01:7000',
    'ws://256.0.0.1:1',
    'ws://1.2.3.4.5:1',
    'ws://0x7f000001:1',
    'ws://2130706433:1',
    'ws://h:65536',
    'ws://h:-1',
    'ws://h:1:2',
    'ws://user@h:1',
    'ws://h:1/path',
    'ws://h:1?q',
    'ws://h:1#f',
    'ws://[::1:7000',
    'ws://::1:7000',
    'ws://[fe80::1%eth0]:1',
    'ws://[1:2:3:4:5:6:7:8:9]:1',
    'ws://[1::2::3]:1',
    'ws://-h:1',
    'ws://h..i:1',
    ' ws://h:1',
    'ws://h:1\n',
    `ws://${'h'.repeat(300)}:1`,
    'ws://ö:1',
  ];
  for (const text of bad) {
    test(`${JSON.stringify(text).slice(0, 60)} is refused with a typed error`, () => {
      let thrown: unknown;
      try {
        parseAddress(text);
      } catch (error) {
        thrown = error;
      }
      expect(isFlotillaError(thrown, 'InvalidArgument')).toBe(true);
    });
  }

  test('any text is an address or refused with a typed error', () => {
    const host = fc.oneof(
      fc.string(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.constantFrom('a.b', '1.2.3.4', 'h'),
    );
    const port = fc.oneof(fc.string({ maxLength: 3 }), fc.nat(70_000));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(host, port).map(([name, number]) => `ws://${name}:${number}`),
        ),
        (text) => {
          try {
            expect(canonical(canonical(text))).toBe(canonical(text));
          } catch (error) {
            expect(isFlotillaError(error, 'InvalidArgument')).toBe(true);
          }
        },
      ),
    );
  });
});

describe('loopback', () => {
  test('is 127.0.0.0/8, ::1 and their IPv4-mapped forms, however they are written', () => {
    for (const ip of [
      '127.0.0.1',
      '127.255.255.254',
      '::1',
      '0:0:0:0:0:0:0:1',
      '::ffff:127.0.0.1',
      '::FFFF:7f00:0001',
    ]) {
      expect(isLoopbackAddress(ip), ip).toBe(true);
    }
  });

  test('is nothing else', () => {
    const others = [
      '0.0.0.0',
      '::',
      '128.0.0.1',
      '10.0.0.1',
      '::ffff:10.0.0.1',
      '::127.0.0.1',
      '64:ff9b::127.0.0.1',
      '1::1',
      'fe80::1',
      '::2',
      'localhost',
      '127.0.0.1.example',
      '127.1',
      '127.0.0.01',
      '',
    ];
    for (const ip of others) expect(isLoopbackAddress(ip), ip).toBe(false);
  });
});

test('reading and writing an IPv6 address is the identity', () => {
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const groups = parseIpv6(text);
      expect(groups).toHaveLength(8);
      expect(parseIpv6(formatIpv6(groups ?? []))).toEqual(groups);
    }),
  );
  fc.assert(
    fc.property(fc.ipV4(), (text) => {
      expect(parseIpv4(text)?.join('.')).toBe(text);
    }),
  );
});
