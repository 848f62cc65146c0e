const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
  ['\\', '\\\\'],
  ['"', '\\"'],
]);
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const decode = (bytes: Uint8Array): string => decoder.decode(bytes);
const REPLACEMENT = '\ufffd';

/** Bytes as Go's `%q` prints them: UTF-8 text between double quotes, the unprintable escaped. */
export function quoteBytes(bytes: Uint8Array): string {
  let quoted = '';
  for (let position = 0; position < bytes.length;) {
    const length = sequenceLength(bytes, position);
    const character = length === 0 ? undefined : decode(bytes.subarray(position, position + length));
    quoted += character === undefined ? hexEscape('\\x', bytes[position] ?? 0, 2) : quoteCharacter(character);
    position += Math.max(length, 1);
  }
  return `"${quoted}"`;
}

function quoteCharacter(character: string): string {
  const escape = ESCAPES.get(character);
  if (escape !== undefined) return escape;
  if (PRINTABLE.test(character)) return character;
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x20 || point === 0x7f) return hexEscape('\\x', point, 2);
  return point < 0x1_0000 ? hexEscape('\\u', point, 4) : hexEscape('\\U', point, 8);
}

/** Bytes of the UTF-8 sequence at `position`; 0 when there is no valid one. */
function sequenceLength(bytes: Uint8Array, position: number): number {
  for (let length = 1; length <= 4 && position + length <= bytes.length; length++) {
    const text = decode(bytes.subarray(position, position + length));
    const isReplacement =
      length === 3 && bytes[position] === 0xef && bytes[position + 1] === 0xbf && bytes[position + 2] === 0xbd;
    if ([...text].length === 1 && (text !== REPLACEMENT || isReplacement)) return length;
  }
  return 0;
}

function hexEscape(prefix: string, value: number, digits: number): string {
  return prefix + value.toString(16).padStart(digits, '0');
}
