/**
 * Frames that arrived and wait for a turn, in order of arrival. Bounded by bytes: what comes beyond is dropped, which is a message
 * loss like any other.
 */
export class Inbox {
  readonly #bytesMax: number;
  #nodes: number[] = [];
  #frames: Uint8Array[] = [];
  #head = 0;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get isEmpty(): boolean {
    return this.#head === this.#frames.length;
  }

  /** Adds a frame; false when it was dropped. */
  push(node: number, frame: Uint8Array): boolean {
    if (this.#bytes + frame.length > this.#bytesMax && this.#bytes > 0) return false;
    this.#nodes.push(node);
    this.#frames.push(frame);
    this.#bytes += frame.length;
    return true;
  }

  /** Takes the oldest frame. */
  shift(): { readonly node: number; readonly frame: Uint8Array } | undefined {
    const frame = this.#frames[this.#head];
    const node = this.#nodes[this.#head];
    if (frame === undefined || node === undefined) return undefined;
    this.#head++;
    this.#bytes -= frame.length;
    if (this.#head === this.#frames.length) this.clear();
    return { node, frame };
  }

  clear(): void {
    this.#nodes = [];
    this.#frames = [];
    this.#head = 0;
    this.#bytes = 0;
  }
}
