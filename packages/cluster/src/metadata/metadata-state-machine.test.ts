import { utf8Decode, utf8Encode } from '@flotilla/bytes';
import { EMPTY_TOPOLOGY, initialRoutingTable, withNode } from '@flotilla/routing';
import { describe, expect, test } from 'vitest';
import type { StateMachine } from '../state-machine.js';
import { encodeMetadataEntry, type MetadataEntry } from './metadata-entry.js';
import { decodeMetadataResult } from './metadata-result.js';
import type { MetadataState } from './metadata-state.js';
import { MetadataStateMachine } from './metadata-state-machine.js';

/** An applier that keeps texts. */
class Texts implements StateMachine {
  texts: string[] = [];
  apply: StateMachine['apply'] = (commands) =>
    commands.map(({ data }) => {
      this.texts.push(utf8Decode(data));
      return utf8Encode(String(this.texts.length));
    });
  snapshot: StateMachine['snapshot'] = () => {
    const bytes = utf8Encode(this.texts.join('\n'));
    return {
      async *read() {
        yield bytes;
      },
      release: () => undefined,
    };
  };
  async restore(chunks: AsyncIterable<Uint8Array>): Promise<void> {
    let text = '';
    for await (const chunk of chunks) text += utf8Decode(chunk);
    this.texts = text.split('\n');
  }
}

const found: MetadataEntry = {
  kind: 'found',
  clusterId: 'ab'.repeat(16),
  replicationFactor: 3,
  topology: withNode(EMPTY_TOPOLOGY, {
    id: 1,
    name: undefined,
    addresses: [],
    state: 'active',
    incarnation: '0'.repeat(16),
    voter: true,
    versions: { min: 1, max: 1 },
    spkiPins: [],
  }),
  routing: initialRoutingTable({ nodes: [1], dataGroups: 2, replicationFactor: 3 }),
};

const user = (text: string): MetadataEntry => ({ kind: 'user', command: utf8Encode(text) });
const commands = (first: number, ...entries: MetadataEntry[]) =>
  entries.map((entry, at) => ({ index: first + at, term: 1, data: encodeMetadataEntry(entry) }));

function machineWith(texts: Texts): { machine: MetadataStateMachine; seen: MetadataState[] } {
  const seen: MetadataState[] = [];
  return { machine: new MetadataStateMachine({ user: texts, listener: (state) => seen.push(state) }), seen };
}

describe('the state machine of group 0', () => {
  test('user commands go to their own applier and its results come back; the index moves for all', () => {
    const texts = new Texts();
    const { machine, seen } = machineWith(texts);
    const results = machine.apply(commands(1, found, user('one'), user('two')));
    expect(results.map((result) => utf8Decode(decodeMetadataResult(result).value))).toEqual(['', '1', '2']);
    expect(texts.texts).toEqual(['one', 'two']);
    expect(machine.state.index).toBe(3);
    expect(seen).toHaveLength(1);
  });

  test('a command that cannot be decoded throws, so that the group stops; it is never skipped', () => {
    const { machine } = machineWith(new Texts());
    machine.apply(commands(1, found));
    const before = machine.state;
    expect(() => machine.apply([{ index: 2, term: 1, data: new Uint8Array([1, 250]) }])).toThrow(/MalformedFrame/);
    expect(() => machine.apply([{ index: 2, term: 1, data: new Uint8Array([9]) }])).toThrow(/IncompatibleVersion/);
    expect(machine.state).toBe(before);
  });

  test('a refusal is a result, the same on all replicas', () => {
    const { machine } = machineWith(new Texts());
    const [, result] = machine.apply(
      commands(1, found, { kind: 'topology', change: { kind: 'decommission', node: 9 } }),
    );
    expect(() => decodeMetadataResult(result ?? new Uint8Array(0))).toThrow(/InvalidArgument/);
  });

  test('a snapshot carries the state and the applier behind it, however it is cut into pieces', async () => {
    const texts = new Texts();
    const { machine } = machineWith(texts);
    machine.apply(commands(1, { kind: 'epoch-bump', node: 1 }, found, user('kept'), user('as well')));
    const pinned = machine.snapshot();
    machine.apply(commands(5, user('later')));
    const whole: number[] = [];
    for await (const chunk of pinned.read()) whole.push(...chunk);
    pinned.release();
    for (const size of [1, 7, 100_000]) {
      const restored = new Texts();
      const { machine: other, seen } = machineWith(restored);
      await other.restore(
        (async function* () {
          for (let at = 0; at < whole.length; at += size) yield new Uint8Array(whole.slice(at, at + size));
        })(),
      );
      expect(other.state).toMatchObject({ index: 4, epoch: 1, clusterId: 'ab'.repeat(16) });
      expect(restored.texts).toEqual(['kept', 'as well']);
      expect(seen).toHaveLength(1);
    }
  });

  test('a damaged snapshot is refused and leaves the old state', async () => {
    const { machine } = machineWith(new Texts());
    machine.apply(commands(1, found));
    const before = machine.state;
    const chunks: number[] = [];
    for await (const chunk of machine.snapshot().read()) chunks.push(...chunk);
    for (const damaged of [chunks.slice(0, 3), chunks.slice(0, -4), [7, ...chunks.slice(1)], [1, 255, 255, 255, 255]]) {
      const source = (async function* () {
        yield new Uint8Array(damaged);
      })();
      await expect(machine.restore(source)).rejects.toMatchObject({ name: 'FlotillaError' });
      expect(machine.state).toBe(before);
    }
  });
});
