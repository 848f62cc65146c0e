import { crc32c } from '@flotilla/bytes';
import { FlotillaError } from '@flotilla/errors';

/** Length and CRC32C of a chunk, each 4 bytes, little-endian. */
const CHUNK_HEADER_BYTES = 8;

/** Header of a chunk of a snapshot's stream; the chunk's bytes follow it. */
export function chunkHeader(chunk: Uint8Array): Uint8Array {
  const header = new Uint8Array(CHUNK_HEADER_BYTES);
  const view = new DataView(header.buffer);
  view.setUint32(0, chunk.length, true);
  view.setUint32(4, crc32c(chunk), true);
  return header;
}

/**
 * Cuts a stream of pieces into the chunks that were framed, each verified.
 *
 * @throws MalformedFrame for a chunk that is longer than `chunkBytesMax`, empty, damaged, or cut short by the stream's end.
 */
export async function* readChunks(
  pieces: AsyncIterable<Uint8Array>,
  chunkBytesMax: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  let wanted = CHUNK_HEADER_BYTES;
  let header: { readonly length: number; readonly checksum: number } | undefined;
  for await (const piece of pieces) {
    if (piece.length === 0) continue;
    held.push(piece);
    bytes += piece.length;
    while (bytes >= wanted) {
      const [taken, rest] = splitAt(held, bytes, wanted);
      held = rest.length === 0 ? [] : [rest];
      bytes -= wanted;
      if (header === undefined) {
        header = readHeader(taken, chunkBytesMax);
        wanted = header.length;
      } else {
        if (crc32c(taken) !== header.checksum) throw malformed('a chunk does not match its checksum');
        yield taken;
        header = undefined;
        wanted = CHUNK_HEADER_BYTES;
      }
    }
  }
  if (bytes > 0 || header !== undefined) throw malformed('the stream ends within a chunk');
}

function splitAt(pieces: readonly Uint8Array[], bytes: number, at: number): [Uint8Array, Uint8Array] {
  const first = pieces[0];
  if (pieces.length === 1 && first !== undefined) return [first.subarray(0, at), first.subarray(at)];
  const whole = new Uint8Array(bytes);
  let to = 0;
  for (const piece of pieces) {
    whole.set(piece, to);
    to += piece.length;
  }
  return [whole.subarray(0, at), whole.subarray(at)];
}

function readHeader(bytes: Uint8Array, chunkBytesMax: number): { readonly length: number; readonly checksum: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  if (length === 0 || length > chunkBytesMax) {
    throw malformed(`a chunk of ${length} bytes, where 1 to ${chunkBytesMax} are allowed`);
  }
  return { length, checksum: view.getUint32(4, true) };
}

function malformed(reason: string): FlotillaError<'MalformedFrame'> {
  return new FlotillaError('MalformedFrame', { message: `stream of a snapshot: ${reason}`, details: { reason } });
}
