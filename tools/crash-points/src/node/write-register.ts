import type { FlotillaClient } from '@flotilla/client';
import { utf8Decode } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';

/** What was written to one key: versions 1, 2, 3, … in this order, one at a time. */
interface Written {
  acknowledged: number;
  begun: number;
}

/** How long a call of the client is repeated, in virtual ms: longer than any outage of a scenario. */
const TIMEOUT_MS = 60_000;

/** Keys that are written again and again, with what was acknowledged of it. */
export class WriteRegister {
  readonly #keys = new Map<string, Written>();
  readonly #valueBytes: number;

  /** @param valueBytes How long a value is: long ones make snapshots of several chunks. */
  constructor(valueBytes: number) {
    this.#valueBytes = valueBytes;
  }

  /** What must and may be there, as of now, while writing goes on. */
  copy(): WriteRegister {
    const copy = new WriteRegister(this.#valueBytes);
    for (const [key, written] of this.#keys) copy.#keys.set(key, { ...written });
    return copy;
  }

  /** Writes the next version of `count` keys, all at once; resolves when all have an outcome. */
  async write(client: FlotillaClient, count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, key) => this.#put(client, `key ${key}`)));
  }

  async #put(client: FlotillaClient, key: string): Promise<void> {
    const written = this.#keys.get(key) ?? { acknowledged: 0, begun: 0 };
    this.#keys.set(key, written);
    const version = ++written.begun;
    try {
      await client.put(key, this.#valueOf(version), { timeoutMs: TIMEOUT_MS });
      written.acknowledged = Math.max(written.acknowledged, version);
    } catch (error) {
      if (!isFlotillaError(error)) throw error;
    }
  }

  /** Reads every key. @throws {Error} where an acknowledged write is not there, or something nobody wrote is */
  async check(client: FlotillaClient): Promise<void> {
    for (const [key, { acknowledged, begun }] of this.#keys) {
      const found = await client.get(key, { timeoutMs: TIMEOUT_MS });
      const text = found === undefined ? '' : utf8Decode(found.value);
      const version = text === '' ? 0 : Number.parseInt(text, 10);
      if (version > 0 && text !== this.#valueOf(version)) throw new Error(`${key} has a value that nobody wrote`);
      if (version < acknowledged || version > begun) {
        throw new Error(`${key} has version ${version}; acknowledged were ${acknowledged}, begun ${begun}`);
      }
    }
  }

  #valueOf(version: number): string {
    return `${version}`.padEnd(this.#valueBytes, '.');
  }
}
