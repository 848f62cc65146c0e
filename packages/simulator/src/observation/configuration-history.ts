import type { ConfState } from '@flotilla/raft-core';

/** A configuration that a group came to. */
export interface ConfigurationRecord {
  /** Of the change that made it. */
  readonly index: number;
  readonly configuration: ConfState;
}

/** The configurations of a group by the index of the change that made each, as the first replica that applied it had them. */
export class ConfigurationHistory {
  /** Ascending by index. */
  readonly #records: ConfigurationRecord[] = [];

  /** Ascending by index. */
  get records(): readonly ConfigurationRecord[] {
    return this.#records;
  }

  /** The newest one that any replica came to; undefined before the first. */
  get latest(): ConfigurationRecord | undefined {
    return this.#records[this.#records.length - 1];
  }

  /** That of the change at exactly `index`. */
  madeAt(index: number): ConfigurationRecord | undefined {
    const record = this.inEffectAt(index);
    return record?.index === index ? record : undefined;
  }

  /** The one in effect once `index` is applied; undefined where no change at or before it was seen. */
  inEffectAt(index: number): ConfigurationRecord | undefined {
    for (let at = this.#records.length - 1; at >= 0; at--) {
      const record = this.#records[at];
      if (record !== undefined && record.index <= index) return record;
    }
    return undefined;
  }

  /** Adds one, unless there is one of that index. */
  add(record: ConfigurationRecord): void {
    let at = this.#records.length;
    while (at > 0 && (this.#records[at - 1]?.index ?? 0) >= record.index) at--;
    if (this.#records[at]?.index !== record.index) this.#records.splice(at, 0, record);
  }
}
