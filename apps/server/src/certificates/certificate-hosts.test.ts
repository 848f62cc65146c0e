import { expect, test } from 'vitest';
import { certificateHost } from './certificate-hosts.js';

test.each([
  ['10.0.0.1', { type: 'ip', value: '10.0.0.1' }],
  ['::1', { type: 'ip', value: '::1' }],
  ['[2001:DB8:0:0:0:0:0:1]', { type: 'ip', value: '2001:db8::1' }],
  ['DB-1.Example', { type: 'dns', value: 'db-1.example' }],
  ['localhost', { type: 'dns', value: 'localhost' }],
  ['*.db.example', { type: 'dns', value: '*.db.example' }],
  ['bücher.example', { type: 'dns', value: 'xn--bcher-kva.example' }],
  ['myflotilla', { type: 'dns', value: 'myflotilla' }],
])('%s is a host', (text, host) => {
  expect(certificateHost(text)).toEqual(host);
});

test.each([
  '',
  ' ',
  'a b',
  'a,b',
  'a/b',
  'a:7101',
  'wss://a',
  'user@a',
  '256.1.1.1',
  '1.2.3',
  'fe80::1%eth0',
  '*',
  '*.',
  'a.*.b',
  '-a',
  `${'a'.repeat(64)}.b`,
  'a.b, DNS:node-1.node.flotilla',
  'node.flotilla',
  'NODE-1.node.flotilla',
  '*.flotilla',
  'flotilla',
])('"%s" is none', (text) => {
  expect(() => certificateHost(text)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
});
