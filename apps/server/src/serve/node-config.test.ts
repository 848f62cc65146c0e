import { expect, test } from 'vitest';
import type { SettingValue } from '../config/setting.js';
import { type ServeConfig, serveConfig } from './node-config.js';

const configOf = (values: Readonly<Record<string, SettingValue>>): ServeConfig =>
  serveConfig(
    new Map(
      Object.entries({
        listen: ['wss://10.0.0.1:7101'],
        logLevel: 'info',
        logFormat: 'text',
        tlsCa: 'ca.pem',
        tlsCert: 'cert.pem',
        tlsKey: 'key.pem',
        ...values,
      }),
    ),
  );

test('listeners for pages are listened on beside the others', () => {
  const { node, listenPages } = configOf({ listenPages: ['wss://10.0.0.1:7102', 'wt://10.0.0.1:7103'] });
  expect(node.listen).toEqual(['wss://10.0.0.1:7101', 'wss://10.0.0.1:7102', 'wt://10.0.0.1:7103']);
  expect(listenPages).toEqual(['wss://10.0.0.1:7102', 'wt://10.0.0.1:7103']);
});

test('of raw QUIC there are none for pages: browsers do not speak it', () => {
  expect(() => configOf({ listenPages: ['quic://10.0.0.1:7103'] })).toThrow(
    expect.objectContaining({ code: 'InvalidConfig', details: expect.objectContaining({ key: 'listenPages' }) }),
  );
});

test.each([['tlsCa'], ['tlsCert'], ['tlsKey']])('%s alone is not left out: the three go together', (key) => {
  expect(() => configOf({ [key]: undefined as unknown as SettingValue })).toThrow('go together');
});
