import { type ByteReader, ByteWriter, fromHex, toHex } from '@flotilla/bytes';
import { FlotillaError, invariant } from '@flotilla/errors';
import { decodeAll } from '../decoding.js';
import {
  CLUSTER_ID_BYTES,
  HELLO_BYTES_MAX,
  INCARNATION_BYTES,
  type VersionRange,
  WIRE_VERSIONS,
} from '../format-constants.js';
import { negotiateVersion } from './versions.js';

/** `FLTH`, little-endian. */
const MAGIC = 0x4854_4c46;
const ROLES = ['peer', 'client'] as const;
const HAS_CLUSTER_ID = 1;
const HAS_INCARNATION = 2;
const ADDRESSES_MAX = 16;
const ADDRESS_BYTES_MAX = 512;
const CAPABILITY_WORDS_MAX = 8;
const EXTENSION_BYTES_MIN = 2;

/** What a connection is for. */
export type Role = (typeof ROLES)[number];

/** What either side says of itself before anything else travels. */
export interface Hello {
  readonly role: Role;
  /** Wire versions that the sender speaks. */
  readonly versions: VersionRange;
  /** 32 lower-case hexadecimal digits; undefined for one that joins, or a client that does not know. */
  readonly clusterId: string | undefined;
  /** 0 for one that has none yet: a client, or a node that joins without a configured id. */
  readonly nodeId: number;
  /** Of the sender's disk: 16 lower-case hexadecimal digits; undefined for a client. */
  readonly incarnation: string | undefined;
  readonly clusterEpoch: number;
  readonly hostEpoch: number;
  /** Where the sender can be dialled: canonical URLs, at most 16. Empty: over this connection only. */
  readonly addresses: readonly string[];
  /** One bit for each optional ability, bit 0 first in the first number; unknown ones are ignored. Unsigned 32-bit words, at most 8. */
  readonly capabilities: readonly number[];
}

/**
 * The bytes of a hello, at most 4 KiB.
 *
 * @throws {FlotillaError} LimitExceeded where the addresses do not fit.
 */
export function encodeHello(hello: Hello): Uint8Array {
  const writer = new ByteWriter(128);
  writer.u32(MAGIC);
  writer.u16(hello.versions.min);
  writer.u16(hello.versions.max);
  writer.u8(ROLES.indexOf(hello.role));
  writer.u8(
    (hello.clusterId === undefined ? 0 : HAS_CLUSTER_ID) | (hello.incarnation === undefined ? 0 : HAS_INCARNATION),
  );
  if (hello.clusterId !== undefined) writer.raw(idBytes(hello.clusterId, CLUSTER_ID_BYTES));
  if (hello.incarnation !== undefined) writer.raw(idBytes(hello.incarnation, INCARNATION_BYTES));
  writer.varint(hello.nodeId);
  writer.varint(hello.clusterEpoch);
  writer.varint(hello.hostEpoch);
  limit('addresses in a hello', ADDRESSES_MAX, hello.addresses.length);
  writer.varint(hello.addresses.length);
  for (const address of hello.addresses) writer.string(address);
  limit('capability words in a hello', CAPABILITY_WORDS_MAX, hello.capabilities.length);
  writer.varint(hello.capabilities.length);
  for (const word of hello.capabilities) writer.u32(word);
  writer.varint(0);
  limit('bytes of a hello', HELLO_BYTES_MAX, writer.length);
  return writer.take();
}

/**
 * Decodes a hello. The version ranges are compared before anything behind them is looked at, since a later version may
 * lay the rest out otherwise.
 *
 * @throws {FlotillaError} IncompatibleVersion where the ranges share nothing; MalformedFrame; LimitExceeded above 4 KiB.
 */
export function decodeHello(bytes: Uint8Array, ours: VersionRange = WIRE_VERSIONS): Hello {
  limit('bytes of a hello', HELLO_BYTES_MAX, bytes.length);
  return decodeAll('hello', bytes, (reader) => readHello(reader, ours));
}

function readHello(reader: ByteReader, ours: VersionRange): Hello {
  if (reader.u32() !== MAGIC) reader.fail('no hello of Flotilla');
  const versions: VersionRange = { min: reader.u16(), max: reader.u16() };
  if (versions.min < 1 || versions.max < versions.min)
    reader.fail(`no range of versions: ${versions.min}..${versions.max}`);
  negotiateVersion(ours, versions);
  const role = ROLES[reader.u8()] ?? reader.fail('unknown role');
  const parts = reader.u8();
  if (parts > (HAS_CLUSTER_ID | HAS_INCARNATION)) reader.fail(`unknown parts ${parts}`);
  const clusterId = (parts & HAS_CLUSTER_ID) === 0 ? undefined : toHex(reader.raw(CLUSTER_ID_BYTES));
  const incarnation = (parts & HAS_INCARNATION) === 0 ? undefined : toHex(reader.raw(INCARNATION_BYTES));
  const nodeId = reader.varint();
  const clusterEpoch = reader.varint();
  const hostEpoch = reader.varint();
  const addresses = readAddresses(reader);
  const capabilities = readCapabilities(reader);
  skipExtensions(reader);
  return { role, versions, clusterId, nodeId, incarnation, clusterEpoch, hostEpoch, addresses, capabilities };
}

function readAddresses(reader: ByteReader): string[] {
  const count = reader.count(1);
  if (count > ADDRESSES_MAX) reader.fail(`${count} addresses, where ${ADDRESSES_MAX} may stand`);
  const addresses: string[] = [];
  for (let i = 0; i < count; i++) addresses.push(reader.string(ADDRESS_BYTES_MAX));
  return addresses;
}

function readCapabilities(reader: ByteReader): number[] {
  const count = reader.count(4);
  if (count > CAPABILITY_WORDS_MAX) reader.fail(`${count} capability words, where ${CAPABILITY_WORDS_MAX} may stand`);
  const capabilities: number[] = [];
  for (let i = 0; i < count; i++) capabilities.push(reader.u32());
  return capabilities;
}

/** Later versions add what earlier ones may ignore: a count, then a tag and length-prefixed bytes each. */
function skipExtensions(reader: ByteReader): void {
  const count = reader.count(EXTENSION_BYTES_MIN);
  for (let i = 0; i < count; i++) {
    reader.varint();
    reader.bytes();
  }
}

function idBytes(hex: string, length: number): Uint8Array {
  invariant(
    hex.length === 2 * length && /^[0-9a-f]*$/.test(hex),
    () => `not ${length} bytes of lower-case hexadecimal: ${hex}`,
  );
  return fromHex(hex);
}

function limit(name: string, maximum: number, actual: number): void {
  if (actual <= maximum) return;
  throw new FlotillaError('LimitExceeded', {
    message: `${actual} ${name}, where at most ${maximum} may stand`,
    details: { limit: name, maximum, actual },
  });
}
