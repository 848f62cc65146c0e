import { type ByteReader, ByteWriter, prefixedLength } from '@flotilla/bytes';
import { invariant } from '@flotilla/errors';
import { decodeAll, malformed } from '../decoding.js';
import { CLIENT_ID_BYTES } from '../format-constants.js';

// The leading byte names form and version at once: a later layout of a form takes another number. The numbers are in the log.
const BARE = 0;
const COMMAND_V1 = 1;
const REGISTER_V1 = 2;
const EXPIRE_V1 = 3;

/** What a group's log holds where sessions wrap the state machine (thesis, section 6.3). */
export type SessionEnvelope = BareCommand | SessionCommand | RegisterSession | ExpireSessions;

/** A command without a session: applied each time it is in the log. */
export interface BareCommand {
  readonly kind: 'bare';
  readonly command: Uint8Array;
}

/** A command that is applied once for its client and sequence, however often it is in the log. */
export interface SessionCommand {
  readonly kind: 'command';
  /** 16 bytes, random. */
  readonly clientId: Uint8Array;
  /** Grows by one with each command of the client, from 1. */
  readonly sequence: number;
  /** The client has the results of all sequences up to and including it; they need not be kept. Below `sequence`. */
  readonly acknowledged: number;
  /** What the command belongs to: its session's record moves with the vShard. */
  readonly vshard: number;
  readonly command: Uint8Array;
}

/** Opens a session; a command of a client that has none is refused. */
export interface RegisterSession {
  readonly kind: 'register';
  readonly clientId: Uint8Array;
  readonly vshard: number;
  /** How long it is kept without a command, in ms; the leader measures it and proposes the end. */
  readonly ttlMs: number;
}

/** Ends sessions: at the client's wish, or because the leader saw no command for their time. */
export interface ExpireSessions {
  readonly kind: 'expire';
  readonly sessions: readonly ExpiredSession[];
}

/** One session to end. */
export interface ExpiredSession {
  readonly clientId: Uint8Array;
  readonly vshard: number;
  /** The last sequence that the proposer saw: a session that has moved on since is kept. */
  readonly sequence: number;
}

/** The bytes of an envelope: the form's byte, then its fields; a bare command is the byte 0 and the command. */
export function encodeSessionEnvelope(envelope: SessionEnvelope): Uint8Array {
  switch (envelope.kind) {
    case 'bare': {
      const writer = new ByteWriter(1 + envelope.command.length);
      writer.u8(BARE);
      writer.raw(envelope.command);
      return writer.take();
    }
    case 'command': {
      const writer = new ByteWriter(1 + CLIENT_ID_BYTES + 24 + envelope.command.length);
      writer.u8(COMMAND_V1);
      writeClientId(writer, envelope.clientId);
      writer.varint(envelope.sequence);
      writer.varint(envelope.acknowledged);
      writer.varint(envelope.vshard);
      writer.raw(envelope.command);
      return writer.take();
    }
    case 'register': {
      const writer = new ByteWriter(1 + CLIENT_ID_BYTES + 16);
      writer.u8(REGISTER_V1);
      writeClientId(writer, envelope.clientId);
      writer.varint(envelope.vshard);
      writer.varint(envelope.ttlMs);
      return writer.take();
    }
    case 'expire': {
      const writer = new ByteWriter(prefixedLength(envelope.sessions.length * (CLIENT_ID_BYTES + 8)) + 1);
      writer.u8(EXPIRE_V1);
      writer.varint(envelope.sessions.length);
      for (const session of envelope.sessions) {
        writeClientId(writer, session.clientId);
        writer.varint(session.vshard);
        writer.varint(session.sequence);
      }
      return writer.take();
    }
  }
}

/**
 * Decodes an envelope; commands and client ids are views.
 *
 * @throws {FlotillaError} MalformedFrame, also for a form that this version does not know: it must stop the group, never be skipped.
 */
export function decodeSessionEnvelope(bytes: Uint8Array): SessionEnvelope {
  if (bytes[0] === BARE) return { kind: 'bare', command: bytes.subarray(1) };
  return decodeAll('session envelope', bytes, readEnvelope);
}

function readEnvelope(reader: ByteReader): SessionEnvelope {
  const form = reader.u8();
  switch (form) {
    case COMMAND_V1:
      return readCommand(reader);
    case REGISTER_V1:
      return {
        kind: 'register',
        clientId: reader.raw(CLIENT_ID_BYTES),
        vshard: reader.varint(),
        ttlMs: reader.varint(),
      };
    case EXPIRE_V1: {
      const sessions: ExpiredSession[] = [];
      const count = reader.count(CLIENT_ID_BYTES + 2);
      for (let i = 0; i < count; i++) {
        sessions.push({ clientId: reader.raw(CLIENT_ID_BYTES), vshard: reader.varint(), sequence: reader.varint() });
      }
      return { kind: 'expire', sessions };
    }
    default:
      throw malformed(`session envelope of unknown form ${form}`);
  }
}

function readCommand(reader: ByteReader): SessionCommand {
  const clientId = reader.raw(CLIENT_ID_BYTES);
  const sequence = reader.varint();
  const acknowledged = reader.varint();
  if (acknowledged >= sequence) reader.fail(`sequence ${sequence} with ${acknowledged} acknowledged`);
  const vshard = reader.varint();
  return { kind: 'command', clientId, sequence, acknowledged, vshard, command: reader.raw(reader.remaining) };
}

function writeClientId(writer: ByteWriter, clientId: Uint8Array): void {
  invariant(
    clientId.length === CLIENT_ID_BYTES,
    () => `a client id has ${CLIENT_ID_BYTES} bytes, not ${clientId.length}`,
  );
  writer.raw(clientId);
}
