import { type ByteReader, type ByteWriter } from '@flotilla/bytes';
import { type Codec, NOTHING, type RequestKind } from '../liveness/peer-requests.js';
import { RequestId } from '../liveness/request-ids.js';
import { readIds, writeIds } from '../metadata/id-list.js';
import { readPins, writePins } from '../metadata/metadata-entry.js';
import type { MetadataProposed } from '../metadata/metadata-proposals.js';
import { decodeMetadataState, encodeMetadataState, type MetadataState } from '../metadata/metadata-state.js';

/** A command for group 0, sent to its leader. */
export const METADATA_PROPOSE: RequestKind<Uint8Array, MetadataProposed> = {
  id: RequestId.MetadataPropose,
  name: 'propose to group 0',
  fenced: false,
  open: false,
  question: { write: (writer, command) => writer.bytes(command), read: (reader) => reader.bytes() },
  answer: {
    write: (writer, { index, term, result }) => {
      writer.varint(index);
      writer.varint(term);
      writer.bytes(result);
    },
    read: (reader) => ({ index: reader.varint(), term: reader.varint(), result: reader.bytes() }),
  },
};

/** A command for group 0, to be passed on to its leader, which the sender cannot reach: one hop and no further. */
export const FORWARD_METADATA_PROPOSE: RequestKind<Uint8Array, MetadataProposed> = {
  ...METADATA_PROPOSE,
  id: RequestId.ForwardMetadataPropose,
  name: 'forward to group 0',
};

/** What the asked node knows of the cluster, for one that is behind. Nothing of it can be taken back: it is what group 0 committed. */
export const METADATA_PULL: RequestKind<undefined, MetadataState> = {
  id: RequestId.MetadataPull,
  name: 'what is known of the cluster',
  fenced: false,
  open: false,
  question: NOTHING,
  answer: {
    write: (writer, state) => writer.bytes(encodeMetadataState(state)),
    read: (reader) => decodeMetadataState(reader.bytes()),
  },
};

/** A group and the term in which the sender leads it. */
export interface LeaderAnnouncement {
  readonly group: number;
  readonly term: number;
}

const GROUP_AND_TERM_BYTES_MIN = 2;

/** Groups that the sender leads: soft state, fed by elections. */
export const LEADER_ANNOUNCEMENT: RequestKind<readonly LeaderAnnouncement[], undefined> = {
  id: RequestId.LeaderAnnouncement,
  name: 'announcement of leaders',
  fenced: false,
  open: false,
  question: {
    write: (writer, led) => {
      writer.varint(led.length);
      for (const { group, term } of led) {
        writer.varint(group);
        writer.varint(term);
      }
    },
    read: (reader) =>
      Array.from({ length: reader.count(GROUP_AND_TERM_BYTES_MIN) }, () => ({
        group: reader.varint(),
        term: reader.varint(),
      })),
  },
  answer: NOTHING,
};

/** One change of one group's members, sent to its leader by group 0's. */
export interface MembershipCommand {
  readonly group: number;
  readonly incarnation: number;
  readonly change: 'add-learner' | 'remove';
  readonly node: number;
}

/** What a group's members are once a change was applied. */
export interface MembershipAnswer {
  readonly confIndex: number;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
}

const CHANGES = ['add-learner', 'remove'] as const;

/** Changes a group's members through its own leader; answered once applied there. */
export const CHANGE_MEMBERSHIP: RequestKind<MembershipCommand, MembershipAnswer> = {
  id: RequestId.ChangeMembership,
  name: 'change of members',
  fenced: true,
  open: false,
  question: {
    write: (writer, { group, incarnation, change, node }) => {
      writer.varint(group);
      writer.varint(incarnation);
      writer.u8(CHANGES.indexOf(change));
      writer.varint(node);
    },
    read: (reader) => ({
      group: reader.varint(),
      incarnation: reader.varint(),
      change: CHANGES[reader.u8()] ?? reader.fail('unknown change of members'),
      node: reader.varint(),
    }),
  },
  answer: {
    write: (writer, { confIndex, voters, learners }) => {
      writer.varint(confIndex);
      writeIds(writer, voters);
      writeIds(writer, learners);
    },
    read: (reader) => ({ confIndex: reader.varint(), voters: readIds(reader), learners: readIds(reader) }),
  },
};

/** A replica to be opened on a running node, empty, before the group's leader is asked to take it in. */
export interface OpenReplica {
  readonly group: number;
  readonly incarnation: number;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  /** Group 0's index of what the sender knows: the replica is not dropped by anything older. */
  readonly metadataIndex: number;
}

/** Opens a replica on the node; answered once the catalog has it. */
export const OPEN_REPLICA: RequestKind<OpenReplica, undefined> = {
  id: RequestId.OpenReplica,
  name: 'open a replica',
  fenced: true,
  open: false,
  question: {
    write: (writer, { group, incarnation, voters, learners, metadataIndex }) => {
      writer.varint(group);
      writer.varint(incarnation);
      writeIds(writer, voters);
      writeIds(writer, learners);
      writer.varint(metadataIndex);
    },
    read: (reader) => ({
      group: reader.varint(),
      incarnation: reader.varint(),
      voters: readIds(reader),
      learners: readIds(reader),
      metadataIndex: reader.varint(),
    }),
  },
  answer: NOTHING,
};

/** A leadership to be handed over. */
export interface TransferCommand {
  readonly group: number;
  readonly to: number;
}

/** Hands over leadership, through the group's present leader; answered once another leads. */
export const TRANSFER: RequestKind<TransferCommand, undefined> = {
  id: RequestId.Transfer,
  name: 'transfer of leadership',
  fenced: false,
  open: false,
  question: {
    write: (writer, { group, to }) => {
      writer.varint(group);
      writer.varint(to);
    },
    read: (reader) => ({ group: reader.varint(), to: reader.varint() }),
  },
  answer: NOTHING,
};

/** A change of the cluster's nodes, for group 0's leader to decide. */
export type MemberCommand =
  | { readonly kind: 'add'; readonly node: number }
  | { readonly kind: 'remove'; readonly node: number }
  | { readonly kind: 'replace'; readonly node: number; readonly replacement: number }
  | {
      readonly kind: 'pin';
      readonly node: number;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    };

/** What a member command came to: the id that was reserved, and group 0's index of the decision. */
export interface MemberDecision {
  readonly node: number;
  readonly index: number;
}

const MEMBER_COMMANDS = ['add', 'remove', 'replace', 'pin'] as const;

const memberCommand: Codec<MemberCommand> = {
  write: (writer: ByteWriter, command: MemberCommand) => {
    writer.u8(MEMBER_COMMANDS.indexOf(command.kind));
    writer.varint(command.node);
    writer.varint(command.kind === 'replace' ? command.replacement : 0);
    if (command.kind !== 'pin') return;
    writePins(writer, command.add);
    writePins(writer, command.remove);
  },
  read: (reader: ByteReader) => {
    const kind = MEMBER_COMMANDS[reader.u8()] ?? reader.fail('unknown command for members');
    const node = reader.varint();
    const replacement = reader.varint();
    switch (kind) {
      case 'replace':
        return { kind, node, replacement };
      case 'pin':
        return { kind, node, add: readPins(reader), remove: readPins(reader) };
      default:
        return { kind, node };
    }
  },
};

/** Adds, removes or replaces a node, or changes its keys on record; answered once group 0 has decided, not once it is done. */
export const MEMBER_COMMAND: RequestKind<MemberCommand, MemberDecision> = {
  id: RequestId.MemberCommand,
  name: 'change of the nodes',
  fenced: false,
  open: false,
  question: memberCommand,
  answer: {
    write: (writer, { node, index }) => {
      writer.varint(node);
      writer.varint(index);
    },
    read: (reader) => ({ node: reader.varint(), index: reader.varint() }),
  },
};

/** A member command, to be passed on to group 0's leader, which the sender cannot reach: one hop and no further. */
export const FORWARD_MEMBER_COMMAND: RequestKind<MemberCommand, MemberDecision> = {
  ...MEMBER_COMMAND,
  id: RequestId.ForwardMemberCommand,
  name: 'forward a change of the nodes',
};
