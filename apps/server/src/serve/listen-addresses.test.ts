import { expect, test } from 'vitest';
import { checkListenAddresses } from './listen-addresses.js';
import type { ServeConfig } from './node-config.js';

const TLS = { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' };

function refusal(listen: readonly string[], changes: Partial<ServeConfig> = {}, advertise?: readonly string[]): string {
  const config = { node: { listen, advertise }, tls: undefined, allowPlain: false, listenPages: [], ...changes };
  try {
    checkListenAddresses(config as unknown as ServeConfig);
    return 'none';
  } catch (error) {
    return String(error);
  }
}

test.each<[string, readonly string[], Partial<ServeConfig>]>([
  ['plain on loopback, or by a name that only the system knows', ['ws://127.0.0.1:1', 'ws://[::1]:1', 'ws://db:1'], {}],
  ['plain elsewhere where that is allowed', ['ws://0.0.0.0:1'], { allowPlain: true }],
  ['all others with certificates', ['wss://0.0.0.0:1', 'quic://0.0.0.0:1', 'wt://0.0.0.0:2'], { tls: TLS }],
  ['any ports', ['ws://127.0.0.1:0', 'ws://127.0.0.1:0'], {}],
])('%s', (_, listen, changes) => {
  expect(refusal(listen, changes, ['wss://db.example:1'])).toBe('none');
});

test.each<[string, readonly string[], Partial<ServeConfig>, RegExp]>([
  ['what no transport carries', ['tcp://127.0.0.1:1'], {}, /InvalidConfig: listen: tcp:.* is none of ws:/],
  [
    'plain beyond this machine',
    ['ws://0.0.0.0:1'],
    {},
    /InvalidConfig: listen: plain ws:\/\/0\.0\.0\.0:1 .*--allow-plain/,
  ],
  ['wss: without certificates', ['wss://127.0.0.1:1'], {}, /InvalidConfig: listen: wss:.* needs certificates/],
  ['wt: without certificates', ['wt://127.0.0.1:1'], {}, /InvalidConfig: listen: wt:.* needs certificates/],
  [
    'one twice',
    ['ws://127.0.0.1:1', 'wss://127.0.0.1:1'],
    { tls: TLS },
    /InvalidConfig: listen: wss:.* listened on twice/,
  ],
  ['one for pages', ['tcp://a:1'], { listenPages: ['tcp://a:1'] }, /InvalidConfig: listenPages: tcp:/],
])('%s is refused, with its setting', (_, listen, changes, why) => {
  expect(refusal(listen, changes)).toMatch(why);
});

test.each(['ws://0.0.0.0:1', 'ws://[::]:1'])('%s is not told to others, who would dial themselves', (address) => {
  expect(refusal([address], { allowPlain: true })).toMatch(/InvalidConfig: advertise: .*every address of this machine/);
});

test.each(['ws://0.0.0.0:1', 'ws://[::]:1', 'ws://10.0.0.1:0'])('%s is advertised by nobody', (address) => {
  expect(refusal([], {}, [address])).toMatch(/InvalidConfig: advertise: .*nowhere that others could dial/);
});
