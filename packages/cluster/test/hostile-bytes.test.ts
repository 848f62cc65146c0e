import { ByteReader, ByteWriter, MalformedBytes, utf8Encode } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import type { Catalog } from '@flotilla/storage';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foundCluster, foundingGroups } from '../src/bootstrap/founding.js';
import { JOIN } from '../src/bootstrap/join-request.js';
import { NodeCatalog } from '../src/bootstrap/node-catalog.js';
import type { Codec } from '../src/liveness/peer-requests.js';
import {
  CHANGE_MEMBERSHIP,
  LEADER_ANNOUNCEMENT,
  MEMBER_COMMAND,
  METADATA_PROPOSE,
  METADATA_PULL,
  OPEN_REPLICA,
  TRANSFER,
} from '../src/membership/membership-requests.js';
import { decodeMetadataResult, encodeMetadataResult } from '../src/metadata/metadata-result.js';
import { decodeMetadataState, encodeMetadataState } from '../src/metadata/metadata-state.js';

/*
 * Whatever the bytes, a decoder gives a value or an error of its own: no other error, and nothing that grows beyond the bytes. The bytes are good
 * ones, changed: bits, lengths and counts that lie, parts gone or there twice.
 */

const node = {
  id: 1,
  name: 'one',
  addresses: ['mem://a:1'],
  incarnation: '0123456789abcdef',
  voter: true,
  versions: { min: 1, max: 1 },
  spkiPins: ['ab'.repeat(32)],
};
const metadata = foundCluster({
  runtime: new VirtualWorld().createRuntime(),
  node: { ...node, state: 'active' },
  dataGroups: 3,
  replicationFactor: 3,
});

/** One change, by a fraction of the length. */
const change = fc.record({
  kind: fc.constantFrom('flip', 'set', 'huge', 'cut', 'double', 'truncate'),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  value: fc.constantFrom(0, 1, 0x3f, 0x7f, 0x80, 0xbf, 0xff),
});
const changes = fc.array(change, { minLength: 1, maxLength: 3 });

function changed(bytes: Uint8Array, list: readonly { kind: string; at: number; value: number }[]): Uint8Array {
  let result = [...bytes];
  for (const { kind, at, value } of list) {
    const place = Math.floor(at * result.length);
    if (kind === 'flip') result[place] = (result[place] ?? 0) ^ (1 << (value & 7));
    if (kind === 'set') result[place] = value;
    if (kind === 'huge') result.splice(place, 8, ...Array.from({ length: 8 }, () => value));
    if (kind === 'cut') result.splice(place, 1 + (value & 15));
    if (kind === 'double') result.splice(place, 0, ...result.slice(place, place + 1 + (value & 15)));
    if (kind === 'truncate') result = result.slice(0, place);
  }
  return Uint8Array.from(result);
}

/** Decodes; returns whether it was refused, and rethrows what is no refusal. */
function isRefused(decode: () => unknown): boolean {
  try {
    decode();
    return false;
  } catch (error) {
    if (error instanceof MalformedBytes || isFlotillaError(error)) return true;
    throw error;
  }
}

function survives<T>(codec: Codec<T>, value: T): void {
  const writer = new ByteWriter(64);
  codec.write(writer, value);
  const bytes = writer.copy();
  let refusals = 0;
  fc.assert(
    fc.property(changes, (list) => {
      const decode = (): void => {
        const reader = new ByteReader(changed(bytes, list));
        codec.read(reader);
        reader.end();
      };
      if (isRefused(decode)) refusals++;
    }),
    { numRuns: 500 },
  );
  expect(refusals).toBeGreaterThan(0);
}

describe('requests between nodes', () => {
  test('join', () => {
    survives(JOIN.question, { node, learnerOf: [1, 2] });
    survives(JOIN.answer, { node: 3, metadata });
  });
  test('group 0', () => {
    survives(METADATA_PROPOSE.question, utf8Encode('command'));
    survives(METADATA_PROPOSE.answer, { index: 3, term: 2, result: utf8Encode('result') });
    survives(METADATA_PULL.answer, metadata);
    survives(LEADER_ANNOUNCEMENT.question, [
      { group: 1, term: 3 },
      { group: 2, term: 2 ** 40 },
    ]);
  });
  test('membership', () => {
    survives(CHANGE_MEMBERSHIP.question, { group: 1, incarnation: 5, change: 'remove', node: 3 });
    survives(CHANGE_MEMBERSHIP.answer, { confIndex: 9, voters: [1, 2, 3], learners: [4] });
    survives(OPEN_REPLICA.question, { group: 1, incarnation: 5, voters: [1], learners: [2], metadataIndex: 7 });
    survives(TRANSFER.question, { group: 1, to: 3 });
    survives(MEMBER_COMMAND.question, { kind: 'replace', node: 1, replacement: 4 });
    survives(MEMBER_COMMAND.question, { kind: 'pin', node: 1, add: ['ab'.repeat(32)], remove: ['cd'.repeat(32)] });
    survives(MEMBER_COMMAND.answer, { node: 4, index: 10 });
  });
});

describe('what is stored', () => {
  test('the state of group 0, and results of its entries', () => {
    const state = encodeMetadataState(metadata);
    const result = encodeMetadataResult({ node: 3, value: utf8Encode('value') });
    fc.assert(
      fc.property(changes, (list) => {
        isRefused(() => decodeMetadataState(changed(state, list)));
        isRefused(() => decodeMetadataResult(changed(result, list)));
      }),
      { numRuns: 2_000 },
    );
  });

  test('a catalog whose values are nonsense is StorageCorrupt or of another version, or is read', async () => {
    const values = new Map<string, Uint8Array>();
    const disk: Catalog = {
      load: () => Promise.resolve(new Map(values)),
      save: (given) => {
        for (const [name, bytes] of given) if (bytes !== undefined) values.set(name, bytes);
        return Promise.resolve();
      },
      close: () => Promise.resolve(),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
    const catalog = new NodeCatalog(disk);
    await catalog.saveStart('0123456789abcdef', 3);
    const groups = foundingGroups(metadata, 1, () => 0);
    await catalog.saveMembership({ clusterId: 'cd'.repeat(16), nodeId: 5, clusterEpoch: 2, groups, metadata });
    const good = new Map(values);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...good.keys()), changes, async (name, list) => {
        values.set(name, changed(good.get(name) ?? new Uint8Array(0), list));
        await catalog.load().catch((error: unknown) => {
          expect(isFlotillaError(error, 'StorageCorrupt') || isFlotillaError(error, 'IncompatibleVersion')).toBe(true);
        });
        values.set(name, good.get(name) ?? new Uint8Array(0));
      }),
      { numRuns: 1_500 },
    );
  });
});
