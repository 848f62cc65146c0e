const PRIME = 0x0100_0193;

/** One more word into a 32-bit hash. */
export function mix(hash: number, word: number): number {
  let mixed = Math.imul(hash ^ word, 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0x85eb_ca77) ^ (mixed >>> 13);
}

const scratch = new DataView(new ArrayBuffer(8));

/**
 * A 32-bit hash of a value's structure; equal for values that `structurallyEqual` calls equal. Maps and sets count without regard to order;
 * instances of other classes all hash alike.
 */
export function structuralHash(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return hashText(value);
    case 'number': {
      scratch.setFloat64(0, value);
      return mix(mix(1, scratch.getInt32(0)), scratch.getInt32(4));
    }
    case 'boolean':
      return value ? 0x5bd1_e995 : 0x1b87_3593;
    case 'bigint':
      return hashText(value.toString());
    case 'object':
      return value === null ? 0x2f0b_4c47 : hashObject(value);
    default:
      return 0x7ed5_5d16;
  }
}

function hashText(text: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), PRIME);
  return mix(hash, text.length);
}

function hashObject(value: object): number {
  if (Array.isArray(value)) {
    let hash = 17;
    for (const item of value) hash = mix(hash, structuralHash(item));
    return hash;
  }
  if (value instanceof Uint8Array) {
    let hash = 19;
    for (const byte of value) hash = Math.imul(hash ^ byte, PRIME);
    return hash;
  }
  if (value instanceof Map) {
    let hash = 23;
    for (const [key, item] of value) hash = (hash + mix(structuralHash(key), structuralHash(item))) | 0;
    return hash;
  }
  if (value instanceof Set) {
    let hash = 29;
    for (const item of value) hash = (hash + mix(31, structuralHash(item))) | 0;
    return hash;
  }
  if (!isPlain(value)) return 37;
  let hash = 41;
  for (const [key, item] of Object.entries(value)) hash = (hash + mix(hashText(key), structuralHash(item))) | 0;
  return hash;
}

/**
 * Whether two values have the same structure: primitives by `Object.is`, arrays, plain objects, bytes, and maps and sets whose keys are
 * primitives, by content. Instances of other classes are equal only to themselves.
 */
export function structurallyEqual(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left)) {
    return (
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, at) => structurallyEqual(item, right[at]))
    );
  }
  if (left instanceof Uint8Array) {
    return right instanceof Uint8Array && left.length === right.length && left.every((byte, at) => byte === right[at]);
  }
  if (left instanceof Map) {
    if (!(right instanceof Map) || left.size !== right.size) return false;
    for (const [key, item] of left) if (!right.has(key) || !structurallyEqual(item, right.get(key))) return false;
    return true;
  }
  if (left instanceof Set) {
    if (!(right instanceof Set) || left.size !== right.size) return false;
    for (const item of left) if (!right.has(item)) return false;
    return true;
  }
  return isPlain(left) && isPlain(right) && haveEqualEntries(left, right);
}

function haveEqualEntries(left: object, right: object): boolean {
  const entries = Object.entries(left);
  const others = new Map<string, unknown>(Object.entries(right));
  if (entries.length !== others.size) return false;
  return entries.every(([key, item]) => others.has(key) && structurallyEqual(item, others.get(key)));
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
