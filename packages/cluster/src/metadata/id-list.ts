import type { ByteReader, ByteWriter } from '@flotilla/bytes';

/** Writes ids (of nodes or groups) in the order given. */
export function writeIds(writer: ByteWriter, ids: readonly number[]): void {
  writer.varint(ids.length);
  for (const id of ids) writer.varint(id);
}

/** Reads ids. @throws MalformedBytes */
export function readIds(reader: ByteReader): number[] {
  return Array.from({ length: reader.count(1) }, () => reader.varint());
}
