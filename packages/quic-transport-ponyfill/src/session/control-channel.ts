import { CONTROL_STREAM } from '../framing/stream-frames.js';
import { type ControlFrame, encodeControlFrame } from '../framing/control-frames.js';
import { concatBytes, encodeVarint } from '../http3/varint.js';
import type { NativeStream } from '../native/native-session.js';

/**
 * Sends over the control stream, one write at a time. What waits is bounded by the streams that there are, whether the peer reads or
 * not: of credit, answers to pings and the like only the newest counts, and of streams that are over nothing is said.
 */
export class ControlChannel {
  readonly #native: NativeStream;
  readonly #onFailure: (error: unknown) => void;
  /** By what they are about; a newer one takes the place of an older one. */
  readonly #waiting = new Map<string, ControlFrame>();
  #begun: boolean;
  #sending = false;

  /** @param begun - the stream was opened by the peer, so that this side need not say what it is */
  constructor(native: NativeStream, begun: boolean, onFailure: (error: unknown) => void) {
    this.#native = native;
    this.#begun = begun;
    this.#onFailure = onFailure;
  }

  /** Sends a frame, in place of an older one about the same if that still waits. */
  send(frame: ControlFrame): void {
    this.#waiting.set(subjectOf(frame), frame);
    if (this.#sending) return;
    this.#sending = true;
    void this.#flush();
  }

  /** The peer's half of a stream is over: what waits to be said of it is about nothing. */
  forget(id: number): void {
    if (this.#waiting.size === 0) return;
    for (const type of ['credit', 'stop'] as const) this.#waiting.delete(`${type} ${id}`);
  }

  async #flush(): Promise<void> {
    try {
      // A turn later, so that what is sent in one turn goes as one.
      await Promise.resolve();
      while (this.#waiting.size > 0) {
        const frames = [...this.#waiting.values()].map(encodeControlFrame);
        this.#waiting.clear();
        const prefix = this.#begun ? [] : [encodeVarint(CONTROL_STREAM)];
        this.#begun = true;
        await this.#native.write(concatBytes(...prefix, ...frames), false);
      }
    } catch (error) {
      this.#onFailure(error);
    } finally {
      this.#sending = false;
    }
  }
}

function subjectOf(frame: ControlFrame): string {
  switch (frame.type) {
    case 'credit':
    case 'stop':
      return `${frame.type} ${frame.id}`;
    case 'max-streams':
      return `${frame.type} ${frame.direction}`;
    default:
      return frame.type;
  }
}
