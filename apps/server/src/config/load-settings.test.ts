import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSettings, type SettingInputs } from './load-settings.js';
import { flagOf, type Setting, variableOf } from './setting.js';

const settings: readonly Setting[] = [
  { name: 'electionTimeoutMs', kind: 'number', default: 500, description: '' },
  { name: 'listen', kind: 'list', default: ['ws://127.0.0.1:1'], description: '' },
  { name: 'preVote', kind: 'boolean', default: true, description: '' },
  { name: 'nodeName', kind: 'string', default: undefined, description: '' },
];
const nothing: SettingInputs = {
  settings,
  flags: new Map(),
  environment: {},
  file: undefined,
  otherVariables: ['FLOTILLA_ENDPOINTS'],
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-settings-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function fileWith(text: string): Promise<string> {
  const path = join(folder, `${Math.random()}.json`);
  await writeFile(path, text);
  return path;
}

describe('settings', () => {
  test('one name in three spellings', () => {
    expect(flagOf('electionTimeoutMs')).toBe('--election-timeout-ms');
    expect(variableOf('electionTimeoutMs')).toBe('FLOTILLA_ELECTION_TIMEOUT_MS');
  });

  test('flags win over the environment, that over the file, that over defaults', async () => {
    const file = await fileWith('{"electionTimeoutMs": 1, "nodeName": "f", "preVote": false}');
    const environment = { FLOTILLA_ELECTION_TIMEOUT_MS: '2', FLOTILLA_NODE_NAME: 'e' };
    const { values, sources } = await loadSettings({
      ...nothing,
      file,
      environment,
      flags: new Map([['electionTimeoutMs', '3']]),
    });
    expect(values.get('electionTimeoutMs')).toBe(3);
    expect(values.get('nodeName')).toBe('e');
    expect(values.get('preVote')).toBe(false);
    expect(values.get('listen')).toEqual(['ws://127.0.0.1:1']);
    expect(Object.fromEntries(sources)).toEqual({
      electionTimeoutMs: 'flag',
      nodeName: 'environment',
      preVote: 'file',
      listen: 'default',
    });
  });

  test('a list is written with commas outside of a file', async () => {
    const { values } = await loadSettings({ ...nothing, environment: { FLOTILLA_LISTEN: 'ws://a:1, ws://b:2' } });
    expect(values.get('listen')).toEqual(['ws://a:1', 'ws://b:2']);
  });

  test.each([
    ['an unknown key in the file', { text: '{"electionTimeout": 1}' }, /electionTimeout.*electionTimeoutMs/],
    ['an unknown variable', { environment: { FLOTILLA_PREVOTE: 'true' } }, /FLOTILLA_PREVOTE.*FLOTILLA_PRE_VOTE/],
    ['a file that is no JSON', { text: '{' }, /no JSON/],
    ['a file that is no object', { text: '[]' }, /one JSON object/],
    ['a value of the wrong kind in the file', { text: '{"preVote": "yes"}' }, /preVote.*boolean/],
    ['a number that is none', { environment: { FLOTILLA_ELECTION_TIMEOUT_MS: 'soon' } }, /must be a number/],
    ['a boolean that is none', { flags: new Map([['preVote', 'maybe']]) }, /true or false/],
  ])(
    '%s is an error that names it',
    async (
      _,
      {
        text,
        environment,
        flags,
      }: { text?: string; environment?: Record<string, string>; flags?: Map<string, string> },
      message,
    ) => {
      const file = text === undefined ? undefined : await fileWith(text);
      const loaded = loadSettings({ ...nothing, file, environment: environment ?? {}, flags: flags ?? new Map() });
      await expect(loaded).rejects.toMatchObject({ code: 'InvalidConfig', message: expect.stringMatching(message) });
    },
  );

  test('variables of other parts are left alone', async () => {
    const { values } = await loadSettings({
      ...nothing,
      environment: { FLOTILLA_ENDPOINTS: 'ws://x:1', PATH: '/bin' },
    });
    expect(values.size).toBe(3);
  });
});
