import type { ClientFrameWriter } from '@flotilla/kv/protocol';
import type { LinkRequest } from '../connection/node-link.js';

/** Ends sessions of a group; whether it arrives does not matter. */
export class SessionEnd implements LinkRequest {
  linkId: number = 0;
  readonly #group: number;
  readonly #envelope: Uint8Array;

  /** @param envelope Names the sessions: see `ClientSessions.endAll` */
  constructor(group: number, envelope: Uint8Array) {
    this.#group = group;
    this.#envelope = envelope;
  }

  write(writer: ClientFrameWriter, id: number): void {
    writer.propose(id, this.#group, this.#envelope);
  }

  /** The sessions end now, or by themselves later: nobody waits for either. */
  answered(): void {
    this.linkId = 0;
  }

  lost(): void {
    this.linkId = 0;
  }
}
