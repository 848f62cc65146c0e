import { ByteReader, ByteWriter, MalformedBytes } from '@flotilla/bytes';
import { decodeError, encodeError, FlotillaError } from '@flotilla/errors';

/** What a command of group 0 came to. A refusal is an error, and left the state as it was. */
export interface MetadataResult {
  /** The id that an admission or reservation gave; else 0. */
  readonly node: number;
  /** What the applier of user commands returned; else empty. */
  readonly value: Uint8Array;
}

const OK = 0;
const REFUSED = 1;
const NOTHING = new Uint8Array(0);

/** A command that was applied and has nothing to say. */
export const APPLIED: MetadataResult = { node: 0, value: NOTHING };

/** The byte form of a result, as group 0's state machine returns it. */
export function encodeMetadataResult(result: MetadataResult | FlotillaError): Uint8Array {
  const writer = new ByteWriter(16);
  if (result instanceof Error) {
    writer.u8(REFUSED);
    writer.raw(encodeError(result));
  } else {
    writer.u8(OK);
    writer.varint(result.node);
    writer.raw(result.value);
  }
  return writer.take();
}

/** Reads a result. @throws {FlotillaError} the refusal, or MalformedFrame */
export function decodeMetadataResult(bytes: Uint8Array): MetadataResult {
  try {
    const reader = new ByteReader(bytes);
    if (reader.u8() === REFUSED) throw decodeError(bytes.subarray(1));
    return { node: reader.varint(), value: reader.raw(reader.remaining) };
  } catch (error) {
    if (!(error instanceof MalformedBytes)) throw error;
    const reason = `result of a command of group 0: ${error.message}`;
    throw new FlotillaError('MalformedFrame', { message: reason, details: { reason }, cause: error });
  }
}
