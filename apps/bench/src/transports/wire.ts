/** One connection as the measurements see it, whatever carries it. The other side echoes frames and swallows streams. */
export interface Wire {
  /** Called for each frame that came back, in order. */
  onFrame: (frame: Uint8Array) => void;
  /** @throws where the frame was refused: no measurement queues that much */
  send(frame: Uint8Array): void;
  /** Sends a request and waits for the same bytes. Absent where the carrier has only frames. */
  readonly request: ((body: Uint8Array) => Promise<Uint8Array>) | undefined;
  openStream(): Promise<WireStream>;
  close(): Promise<void>;
}

/** Bytes one way. */
export interface WireStream {
  /** Resolves when there is room for more. */
  write(chunk: Uint8Array): Promise<void>;
  /** Resolves when the other side has taken all. */
  finish(): Promise<void>;
}

/** Raw carriers know frames and pieces of streams apart by their size. */
export const RAW_FRAME_BYTES_MAX = 4_096;
