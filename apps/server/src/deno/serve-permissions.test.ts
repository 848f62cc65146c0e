import { expect, test } from 'vitest';
import type { DenoPermission } from './deno.js';
import { requireServePermissions } from './serve-permissions.js';

const config = {
  node: {
    listen: ['wss://10.0.0.1:7101', 'ws://[::1]:7102'],
    seeds: ['wss://10.0.0.1:7101', 'wss://node2.example:7101', 'wss://10.0.0.3'],
  },
  http: 'http://127.0.0.1:7201',
  dataFolder: '/var/lib/flotilla',
  tls: { ca: '/etc/ca.pem', cert: '/etc/cert.pem', key: '/etc/key.pem' },
};

/** The flags that are said to be missing where `has` is what is granted. */
function missing(
  has: (needed: DenoPermission) => boolean,
  exists: (path: string) => boolean = () => true,
  listen: readonly string[] = config.node.listen,
): string {
  const permission = (needed: DenoPermission): 'granted' | 'prompt' => (has(needed) ? 'granted' : 'prompt');
  try {
    requireServePermissions({ ...config, node: { ...config.node, listen } }, { permission, hasQuic: false }, exists);
    return '';
  } catch (error) {
    expect(error).toMatchObject({ code: 'InvalidConfig' });
    return /; add (.*) to "deno run"/.exec((error as Error).message)?.[1] ?? String(error);
  }
}

test('a server that was given nothing is told all that it needs, in one go', () => {
  expect(missing(() => false).split(' ')).toEqual([
    // A name is looked up, which Deno allows for the whole name only; an address without a port has the usual one.
    '--allow-net=10.0.0.1:7101,[::1]:7102,node2.example,10.0.0.3:443,127.0.0.1:7201',
    '--allow-read=/var/lib/flotilla,/etc/ca.pem,/etc/cert.pem,/etc/key.pem',
    '--allow-write=/var/lib/flotilla',
    '--allow-sys=statfs',
  ]);
});

test('with all of it nothing is missing', () => {
  expect(missing(() => true)).toBe('');
});

test('one that is missing is named alone', () => {
  expect(missing((needed) => needed.name !== 'sys')).toBe('--allow-sys=statfs');
  expect(missing((needed) => !(needed.name === 'net' && needed.host.endsWith(':7201')))).toBe(
    '--allow-net=127.0.0.1:7201',
  );
});

test('QUIC has a flag of its own, and dials from a port of its own', () => {
  const listen = ['quic://10.0.0.1:7101'];
  expect(missing(() => true, undefined, listen)).toBe('--unstable-net');
  expect(missing((needed) => needed.name !== 'net', undefined, listen)).toMatch(
    /^--allow-net=10\.0\.0\.1:7101,.*,0\.0\.0\.0:0 --unstable-net$/,
  );
});

test('a data folder that is yet to be made needs the folders above it, which are looked at only as far as allowed', () => {
  const looked: string[] = [];
  const exists = (path: string): boolean => {
    looked.push(path);
    return path === '/var';
  };
  const mayRead = (allowed: readonly string[]) => (needed: DenoPermission) =>
    needed.name !== 'read' || needed.path.startsWith('/etc/') || allowed.includes(needed.path);
  expect(missing(mayRead(['/var/lib/flotilla']), exists)).toBe('--allow-read=/var/lib');
  expect(looked).toEqual(['/var/lib/flotilla']);
  expect(missing(mayRead(['/var/lib/flotilla', '/var/lib', '/var']), exists)).toBe('');
});
