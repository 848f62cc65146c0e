import type { AdmissionRequest } from '@flotilla/routing';
import type { RequestKind } from '../liveness/peer-requests.js';
import { RequestId } from '../liveness/request-ids.js';
import { readIds, writeIds } from '../metadata/id-list.js';
import { readAdmissionRequest, writeAdmissionRequest } from '../metadata/metadata-entry.js';
import { decodeMetadataState, encodeMetadataState, type MetadataState } from '../metadata/metadata-state.js';

/** What a node says when it asks to be let in. Its incarnation makes a retry the same request. */
export interface JoinRequest {
  readonly node: AdmissionRequest;
  /** Data groups that a node with `voter: false` asks for. */
  readonly learnerOf: readonly number[];
}

/** What a node that was let in must know before it opens any group. */
export interface JoinAnswer {
  /** The node's id. */
  readonly node: number;
  /** Cluster id, topology, routing, targets and epoch, and the index of group 0 that they reflect. */
  readonly metadata: MetadataState;
}

/** Asks to be let in. Only group 0's leader answers; others redirect. */
export const JOIN: RequestKind<JoinRequest, JoinAnswer> = {
  id: RequestId.Join,
  name: 'join',
  fenced: false,
  open: true,
  question: {
    write: (writer, { node, learnerOf }) => {
      writeAdmissionRequest(writer, node);
      writeIds(writer, learnerOf);
    },
    read: (reader) => ({ node: readAdmissionRequest(reader), learnerOf: readIds(reader) }),
  },
  answer: {
    write: (writer, { node, metadata }) => {
      writer.varint(node);
      writer.bytes(encodeMetadataState(metadata));
    },
    read: (reader) => ({ node: reader.varint(), metadata: decodeMetadataState(reader.bytes()) }),
  },
};
