import { ByteReader, ByteWriter, fromHex, MalformedBytes, toHex } from '@flotilla/bytes';
import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { Catalog } from '@flotilla/storage';
import type { HeldGroup } from '../membership/group-host.js';
import { readIds, writeIds } from '../metadata/id-list.js';
import {
  decodeMetadataState,
  EMPTY_METADATA,
  encodeMetadataState,
  type MetadataState,
} from '../metadata/metadata-state.js';

/** All that a node must know before it opens any group. */
export interface NodeRecord {
  /** 16 hexadecimal digits, minted when the data folder was formatted; undefined for a fresh folder. */
  readonly incarnation: string | undefined;
  /** Undefined until the node belongs to a cluster. */
  readonly clusterId: string | undefined;
  /** 0 until the node has one. */
  readonly nodeId: number;
  readonly clusterEpoch: number;
  readonly hostEpoch: number;
  readonly groups: readonly HeldGroup[];
  readonly metadata: MetadataState;
}

const INCARNATION = 'incarnation';
const CLUSTER_ID = 'cluster-id';
const NODE_ID = 'node-id';
const CLUSTER_EPOCH = 'cluster-epoch';
const HOST_EPOCH = 'host-epoch';
const GROUPS = 'groups';
const METADATA = 'metadata';

const GROUPS_VERSION = 1;
const GROUP_BYTES_MIN = 5;
const INCARNATION_BYTES = 8;
const CLUSTER_ID_BYTES = 16;

/**
 * The node's catalog in its own words. Every save is one transaction. Saves of the cluster epoch and of what is known of the cluster may
 * follow each other quickly: while one is on its way, later ones are merged into the next.
 */
export class NodeCatalog {
  readonly #catalog: Catalog;
  #pending: Map<string, Uint8Array> | undefined;
  #tail: Promise<void> = Promise.resolve();

  constructor(catalog: Catalog) {
    this.#catalog = catalog;
  }

  /** @throws StorageCorrupt, IncompatibleVersion */
  async load(): Promise<NodeRecord> {
    const values = await this.#catalog.load();
    const read = <T>(name: string, absent: T, decode: (reader: ByteReader) => T): T => {
      const bytes = values.get(name);
      return bytes === undefined ? absent : decodeValue(name, bytes, decode);
    };
    const metadata = values.get(METADATA);
    return {
      incarnation: read<string | undefined>(INCARNATION, undefined, (reader) => toHex(reader.raw(INCARNATION_BYTES))),
      clusterId: read<string | undefined>(CLUSTER_ID, undefined, (reader) => toHex(reader.raw(CLUSTER_ID_BYTES))),
      nodeId: read(NODE_ID, 0, (reader) => reader.varint()),
      clusterEpoch: read(CLUSTER_EPOCH, 0, (reader) => reader.varint()),
      hostEpoch: read(HOST_EPOCH, 0, (reader) => reader.varint()),
      groups: read<readonly HeldGroup[]>(GROUPS, [], readGroups),
      metadata: metadata === undefined ? EMPTY_METADATA : decodeMetadata(metadata),
    };
  }

  /** The folder belongs to this start of this disk. */
  saveStart(incarnation: string, hostEpoch: number): Promise<void> {
    return this.#save([
      [INCARNATION, fromHex(incarnation)],
      [HOST_EPOCH, number(hostEpoch)],
    ]);
  }

  /** The node belongs to a cluster: all of it, or nothing. */
  saveMembership(record: {
    readonly clusterId: string;
    readonly nodeId: number;
    readonly clusterEpoch: number;
    readonly groups: readonly HeldGroup[];
    readonly metadata: MetadataState;
  }): Promise<void> {
    return this.#save([
      [CLUSTER_ID, fromHex(record.clusterId)],
      [NODE_ID, number(record.nodeId)],
      [CLUSTER_EPOCH, number(record.clusterEpoch)],
      [GROUPS, writeGroups(record.groups)],
      [METADATA, encodeMetadataState(record.metadata)],
    ]);
  }

  saveClusterEpoch(epoch: number): Promise<void> {
    return this.#save([[CLUSTER_EPOCH, number(epoch)]]);
  }

  saveGroups(groups: readonly HeldGroup[]): Promise<void> {
    return this.#save([[GROUPS, writeGroups(groups)]]);
  }

  saveMetadata(state: MetadataState): Promise<void> {
    return this.#save([[METADATA, encodeMetadataState(state)]]);
  }

  /** Waits for saves on their way, whatever becomes of them. */
  async settled(): Promise<void> {
    await this.#tail.catch(() => undefined);
  }

  #save(values: readonly (readonly [string, Uint8Array])[]): Promise<void> {
    if (this.#pending === undefined) {
      const pending = new Map<string, Uint8Array>();
      this.#pending = pending;
      // What was saved before failed those who saved it.
      this.#tail = this.#tail
        .catch(() => undefined)
        .then(() => {
          this.#pending = undefined;
          return this.#catalog.save(pending);
        });
    }
    for (const [name, bytes] of values) this.#pending.set(name, bytes);
    return this.#tail;
  }
}

function number(value: number): Uint8Array {
  const writer = new ByteWriter(8);
  writer.varint(value);
  return writer.copy();
}

function writeGroups(groups: readonly HeldGroup[]): Uint8Array {
  const writer = new ByteWriter(16 + 16 * groups.length);
  writer.u8(GROUPS_VERSION);
  writer.varint(groups.length);
  for (const { group, worker, incarnation, founders, established } of groups) {
    writer.varint(group);
    writer.varint(worker);
    writer.varint(incarnation);
    writer.boolean(established);
    writeIds(writer, founders ?? []);
  }
  return writer.copy();
}

function readGroups(reader: ByteReader): readonly HeldGroup[] {
  const version = reader.u8();
  if (version !== GROUPS_VERSION) {
    throw new FlotillaError('IncompatibleVersion', {
      message: `the list of groups in the catalog has format version ${version}, this build reads ${GROUPS_VERSION}. Upgrade this node`,
      details: { ours: String(GROUPS_VERSION), theirs: String(version) },
    });
  }
  return Array.from({ length: reader.count(GROUP_BYTES_MIN) }, () => {
    const group = reader.varint();
    const worker = reader.varint();
    const incarnation = reader.varint();
    const established = reader.boolean();
    const founders = readIds(reader);
    return { group, worker, incarnation, established, founders: founders.length === 0 ? undefined : founders };
  });
}

function decodeMetadata(bytes: Uint8Array): MetadataState {
  try {
    return decodeMetadataState(bytes);
  } catch (error) {
    if (!isFlotillaError(error, 'MalformedFrame')) throw error;
    throw corrupt(METADATA, 0, error.details.reason, error);
  }
}

function decodeValue<T>(name: string, bytes: Uint8Array, decode: (reader: ByteReader) => T): T {
  const reader = new ByteReader(bytes);
  try {
    const value = decode(reader);
    reader.end();
    return value;
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    throw corrupt(name, reader.offset, error.message, error);
  }
}

function corrupt(name: string, offset: number, reason: string, cause: unknown): FlotillaError {
  return new FlotillaError('StorageCorrupt', {
    message: `the catalog's value '${name}' cannot be read: ${reason}`,
    details: { path: `catalog/${name}`, offset, reason },
    cause,
  });
}
