import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canonicalAddress,
  compareAddresses,
  isAdvertisable,
  parseAddress,
  smallestSeed,
  sortedAddresses,
} from '../index.js';

describe('the canonical form', () => {
  test.each([
    ['ws://127.0.0.1:7001', 'ws://127.0.0.1:7001'],
    ['WS://Example.COM:80/', 'ws://example.com:80'],
    ['wss://node.example.:443', 'wss://node.example:443'],
    ['quic://[0:0:0:0:0:0:0:1]:5', 'quic://[::1]:5'],
    ['ws://[2001:DB8::0:1]:1', 'ws://[2001:db8::1]:1'],
    ['ws://[2001:db8:0:0:1:0:0:1]:1', 'ws://[2001:db8::1:0:0:1]:1'],
    ['ws://[1:0:0:2:0:0:0:3]:1', 'ws://[1:0:0:2::3]:1'],
    ['ws://[1:2:3:4:5:6:0:8]:1', 'ws://[1:2:3:4:5:6:0:8]:1'],
    ['ws://[::]:1', 'ws://[::]:1'],
    ['ws://[1::]:1', 'ws://[1::]:1'],
    ['ws://[::ffff:1.2.3.4]:1', 'ws://[::ffff:102:304]:1'],
    ['ws://localhost:0', 'ws://localhost:0'],
    ['ws://node_1:7', 'ws://node_1:7'],
    ['mem://1', 'mem://1'],
    ['mem://node-1:3', 'mem://node-1:3'],
    ['port://tab', 'port://tab'],
  ])('of %j is %j', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical);
    expect(canonicalAddress(canonical)).toBe(canonical);
  });

  test.each([
    '',
    'ws://',
    '127.0.0.1:7001',
    'ws:127.0.0.1:7001',
    'ws://127.0.0.1',
    'ws://127.0.0.1:',
    'ws://127.0.0.1:65536',
    'ws://127.0.0.1:-1',
    'ws://127.0.0.1:+1',
    'ws://127.0.0.1:07',
    'ws://127.0.0.1:1e3',
    'ws://127.0.0.1:7001/path',
    'ws://127.0.0.1:7001?query',
    'ws://127.0.0.1:7001#part',
    'ws://user@127.0.0.1:7001',
    'ws://127.0.0.256:1',
    'ws://127.0.0:1',
    'ws://127.0.0.01:1',
    'ws://0x7f.0.0.1:1',
    'ws://2130706433:1',
    'ws://0x7f000001:1',
    'ws://1.2.3.4.5:1',
    'ws://[::1:1',
    'ws://::1:1',
    'ws://[]:1',
    'ws://[1:2:3:4:5:6:7]:1',
    'ws://[1:2:3:4:5:6:7:8:9]:1',
    'ws://[1::2::3]:1',
    'ws://[1:2:3:4:5:6:7::8]:1',
    'ws://[:1:2:3:4:5:6:7]:1',
    'ws://[12345::]:1',
    'ws://[fe80::1%eth0]:1',
    'ws://[1.2.3.4::]:1',
    'ws://[::1.2.3]:1',
    'ws://-bad:1',
    'ws://bad-:1',
    'ws://a..b:1',
    'ws://.:1',
    'ws://exämple.com:1',
    'ws://a b:1',
    ' ws://a:1',
    'ws://a:1 ',
    'ws://a:1\n',
    `ws://${'a'.repeat(64)}:1`,
    `ws://${'a.'.repeat(127)}a:1`,
  ])('%j is refused', (text) => expect(() => canonicalAddress(text)).toThrow('InvalidArgument'));

  test('any text is read or refused with a typed error, and the canonical form is its own', () => {
    const host = fc.oneof(
      fc.ipV4(),
      fc.ipV6().map((ip) => `[${ip}]`),
      fc.domain(),
      fc.ipV4Extended(),
      fc.string(),
    );
    const text = fc.oneof(
      fc.string(),
      fc
        .tuple(fc.constantFrom('ws', 'WSS', 'quic', 'mem', ''), host, fc.oneof(fc.nat(70_000).map(String), fc.string()))
        .map(([scheme, name, port]) => `${scheme}://${name}:${port}`),
    );
    fc.assert(
      fc.property(text, (each) => {
        try {
          const canonical = canonicalAddress(each);
          expect(canonicalAddress(canonical)).toBe(canonical);
        } catch (error) {
          expect(String(error)).toContain('InvalidArgument');
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('any IPv6 text has the canonical form that the URL standard gives it', () => {
    fc.assert(
      fc.property(fc.ipV6(), (ip) => {
        expect(parseAddress(`ws://[${ip}]:1`).host).toBe(new URL(`ws://[${ip}]:1`).hostname.slice(1, -1));
      }),
    );
  });
});

describe('an address to advertise', () => {
  test.each([
    ['ws://127.0.0.1:7001', true],
    ['mem://node', true],
    ['ws://127.0.0.1:0', false],
    ['WS://127.0.0.1:7001', false],
    ['nonsense', false],
  ])('%j: %j', (text, yes) => expect(isAdvertisable(text)).toBe(yes));
});

describe('the total order', () => {
  test('is by scheme, then numeric address before name, by numbers, then port by number', () => {
    const ordered = [
      'quic://10.0.0.1:1',
      'ws://9.0.0.1:9000',
      'ws://10.0.0.1:80',
      'ws://10.0.0.1:443',
      'ws://10.0.0.1:7001',
      'ws://10.0.0.1:10000',
      'ws://[::1]:1',
      'ws://[::2]:1',
      'ws://[2001:db8::1]:1',
      'ws://a.example:1',
      'ws://b.example:1',
      'wss://1.1.1.1:1',
    ];
    expect(sortedAddresses(ordered.toReversed())).toEqual(ordered);
  });

  test('is total: antisymmetric, transitive, and 0 for equal forms only', () => {
    const address = fc
      .tuple(
        fc.constantFrom('ws', 'wss', 'quic'),
        fc.oneof(
          fc.ipV4(),
          fc.ipV6().map((ip) => `[${ip}]`),
          fc.constantFrom('a', 'b', 'c.d'),
        ),
        fc.integer({ min: 1, max: 65_535 }),
      )
      .map(([scheme, host, port]) => parseAddress(`${scheme}://${host}:${port}`));
    fc.assert(
      fc.property(address, address, address, (a, b, c) => {
        expect(Math.sign(compareAddresses(a, b)) + Math.sign(compareAddresses(b, a))).toBe(0);
        expect(compareAddresses(a, b) === 0).toBe(a.text === b.text);
        if (compareAddresses(a, b) <= 0 && compareAddresses(b, c) <= 0)
          expect(compareAddresses(a, c)).toBeLessThanOrEqual(0);
      }),
    );
  });

  test('the smallest seed is the same for every order and spelling of the list; ports break ties as numbers', () => {
    expect(smallestSeed(['ws://127.0.0.1:10000', 'ws://127.0.0.1:7001', 'WS://127.0.0.1:7002/'])).toBe(
      'ws://127.0.0.1:7001',
    );
    expect(smallestSeed(['ws://localhost:1', 'ws://127.0.0.1:9'])).toBe('ws://127.0.0.1:9');
    expect(smallestSeed([])).toBeUndefined();
    expect(() => smallestSeed(['ws://a:1', 'bad'])).toThrow('InvalidArgument');
  });

  test('each address stands once in a sorted list', () => {
    expect(sortedAddresses(['ws://B:1', 'ws://b:1/', 'ws://a:1'])).toEqual(['ws://a:1', 'ws://b:1']);
  });
});
