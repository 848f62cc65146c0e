import type { AdmissionRequest } from '@flotilla/routing';
import type { Codec, RequestKind } from '../liveness/peer-requests.js';
import { RequestId } from '../liveness/request-ids.js';
import { readIds, writeIds } from '../metadata/id-list.js';
import { readAdmissionRequest, readPins, writeAdmissionRequest, writePins } from '../metadata/metadata-entry.js';
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

const joinRequest: Codec<JoinRequest> = {
  write: (writer, { node, learnerOf }) => {
    writeAdmissionRequest(writer, node);
    writeIds(writer, learnerOf);
  },
  read: (reader) => ({ node: readAdmissionRequest(reader), learnerOf: readIds(reader) }),
};

/** Asks to be let in. Only group 0's leader answers; others redirect. */
export const JOIN: RequestKind<JoinRequest, JoinAnswer> = {
  id: RequestId.Join,
  name: 'join',
  fenced: false,
  open: true,
  question: joinRequest,
  answer: {
    write: (writer, { node, metadata }) => {
      writer.varint(node);
      writer.bytes(encodeMetadataState(metadata));
    },
    read: (reader) => ({ node: reader.varint(), metadata: decodeMetadataState(reader.bytes()) }),
  },
};

/** Asks a member to pass a join on to group 0's leader, which the joiner cannot dial: one hop and no further. */
export const FORWARD_JOIN: RequestKind<JoinRequest, JoinAnswer> = {
  ...JOIN,
  id: RequestId.ForwardJoin,
  name: 'forward a join',
};

/** A join as a member passes it on: who the joiner is was judged there, by its connection. */
export interface ForwardedJoin {
  readonly request: JoinRequest;
  /** Pins of the certificate that the joiner showed, in hexadecimal; empty: none. */
  readonly spkiPins: readonly string[];
}

/** A join that a member passes on; only group 0's leader answers. */
export const FORWARDED_JOIN: RequestKind<ForwardedJoin, JoinAnswer> = {
  id: RequestId.ForwardedJoin,
  name: 'forwarded join',
  fenced: false,
  open: false,
  question: {
    write: (writer, { request, spkiPins }) => {
      joinRequest.write(writer, request);
      writePins(writer, spkiPins);
    },
    read: (reader) => ({ request: joinRequest.read(reader), spkiPins: readPins(reader) }),
  },
  answer: JOIN.answer,
};
