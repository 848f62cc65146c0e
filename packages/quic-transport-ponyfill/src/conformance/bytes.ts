/** Bytes that tell their place, so that a mistake in order or length shows. */
export function patternBytes(length: number, seed: number, offset: number = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) {
    const place = offset + at;
    bytes[at] = (place * 31 + (place >>> 8) * 7 + (place >>> 16) * 5 + seed) & 0xff;
  }
  return bytes;
}

/** A running sum over bytes, order and length included: FNV-1a of 32 bits beside the count. */
export class RunningSum {
  bytes = 0;
  #sum = 0x811c9dc5;

  add(bytes: Uint8Array): void {
    let sum = this.#sum;
    for (const byte of bytes) sum = Math.imul(sum ^ byte, 0x01000193);
    this.#sum = sum >>> 0;
    this.bytes += bytes.length;
  }

  /** Of `patternBytes(bytes, seed)`. */
  static ofPattern(bytes: number, seed: number): string {
    const sum = new RunningSum();
    for (let at = 0; at < bytes; at += 65_536) sum.add(patternBytes(Math.min(65_536, bytes - at), seed, at));
    return sum.text;
  }

  get text(): string {
    return `${this.bytes} bytes ${this.#sum.toString(16)}`;
  }
}

/** Text as bytes. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** All that a stream gives, as text. */
export async function readText(readable: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of chunks(readable)) text += decoder.decode(bytes, { stream: true });
  return text + decoder.decode();
}

/** The chunks of a stream; not every browser can iterate one. It is not cancelled when the loop is left. */
export async function* chunks(readable: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = readable.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    reader.releaseLock();
  }
}
