import { systemRuntime } from '@flotilla/runtime/system';
import { expect, test } from 'vitest';
import { portProbe } from '../src/port-probe.js';
import { silentPort } from './raw-peers.js';

const probe = portProbe(systemRuntime);

test('a port that nobody listens on is told of at once, one that somebody listens on never', async () => {
  const open = await silentPort();
  const shut = await silentPort();
  await shut.close();
  const told: string[] = [];
  const ends = new AbortController();
  probe('127.0.0.1', Number(new URL(open.address).port), ends.signal, () => told.push('open'));
  await new Promise<void>((resolve) => {
    probe('127.0.0.1', Number(new URL(shut.address).port), ends.signal, () => {
      told.push('shut');
      resolve();
    });
  });
  expect(told).toEqual(['shut']);
  ends.abort();
  await open.close();
});

test('a port that is let go while it is asked after is told of; a signal that fired asks nothing', async () => {
  const port = await silentPort();
  const { hostname, port: number } = new URL(port.address);
  const ends = new AbortController();
  const gone = new Promise<void>((resolve) => probe(hostname, Number(number), ends.signal, resolve));
  probe(hostname, Number(number), AbortSignal.abort(), () => expect.fail('asked after all'));
  await port.close();
  await gone;
  ends.abort();
});

test('of a name nothing is found out', () => {
  probe('localhost', 1, new AbortController().signal, () => expect.fail('asked after all'));
});

test.each(['255.255.255.255', 'fe80::1'])(
  'of %s, to which the system knows no way, nothing is found out',
  async (address) => {
    const ends = new AbortController();
    probe(address, 1, ends.signal, () => expect.fail('found out'));
    // The system refuses in the next tick; what is thrown there would end the process, and fails this test.
    await new Promise((resolve) => setImmediate(resolve));
    ends.abort();
  },
);
