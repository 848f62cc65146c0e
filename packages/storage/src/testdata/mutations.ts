import fc from 'fast-check';

/** One change of bytes, by fractions of their length, so that it fits bytes of any length. */
export type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'huge'; readonly at: number; readonly value: number }
  | { readonly kind: 'cut' | 'double'; readonly at: number; readonly length: number }
  | { readonly kind: 'truncate'; readonly at: number }
  | { readonly kind: 'extend'; readonly value: number; readonly length: number };

const at = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Changes that a decoder must survive: bits, lengths and counts that lie, parts that are gone or there twice. */
export const mutations: fc.Arbitrary<Mutation[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat({ max: 7 }) }),
    fc.record({ kind: fc.constant('set' as const), at, value: fc.constantFrom(0, 1, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff) }),
    fc.record({ kind: fc.constant('huge' as const), at, value: fc.constantFrom(0x7f, 0x80, 0xbf, 0xc0, 0xff) }),
    fc.record({ kind: fc.constantFrom('cut' as const, 'double' as const), at, length: fc.integer({ min: 1, max: 40 }) }),
    fc.record({ kind: fc.constant('truncate' as const), at }),
    fc.record({ kind: fc.constant('extend' as const), value: fc.nat({ max: 255 }), length: fc.integer({ min: 1, max: 20 }) }),
  ),
  { minLength: 1, maxLength: 4 },
);

/** The bytes with all changes, as a copy. */
export function mutated(bytes: Uint8Array, list: readonly Mutation[]): Uint8Array {
  let result: Uint8Array = bytes.slice();
  for (const mutation of list) result = mutate(result, mutation);
  return result;
}

function mutate(bytes: Uint8Array, mutation: Mutation): Uint8Array {
  if (mutation.kind === 'extend') return joined(bytes, new Uint8Array(mutation.length).fill(mutation.value));
  const place = Math.floor(mutation.at * bytes.length);
  switch (mutation.kind) {
    case 'flip':
      bytes[place] = (bytes[place] ?? 0) ^ (1 << mutation.bit);
      return bytes;
    case 'set':
      bytes[place] = mutation.value;
      return bytes;
    case 'huge':
      return joined(bytes.subarray(0, place), new Uint8Array(8).fill(mutation.value), bytes.subarray(place + 8));
    case 'cut':
      return joined(bytes.subarray(0, place), bytes.subarray(place + mutation.length));
    case 'double':
      return joined(bytes.subarray(0, place + mutation.length), bytes.subarray(place));
    case 'truncate':
      return bytes.slice(0, place);
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return bytes;
}
