import type { CloseReason, Connection, ConnectionEvents, OutgoingStream, RemoteIdentity } from '@flotilla/transport';
import { ClientFrameWriter, readServerFrame, type ServerMessage } from '../src/protocol.js';

/** The server's end of a connection whose client is the test: frames go in by `say`, and come out in `heard`. */
export class FakeConnection implements Connection {
  readonly remote: RemoteIdentity = { address: 'mem://client', tls: undefined, loopback: true };
  readonly remoteHello = new Uint8Array(0);
  readonly dialled = false;
  readonly heard: ServerMessage[] = [];
  frames = 0;
  /** Refuses frames, as a full queue does. */
  full = false;
  destroyed: Error | undefined;
  #events: ConnectionEvents | undefined;

  attach(events: ConnectionEvents): void {
    this.#events = events;
  }

  sendFrame(frame: Uint8Array): boolean {
    if (this.full) return false;
    this.frames++;
    readServerFrame(frame, (message) => this.heard.push(message));
    return true;
  }

  get queued(): { readonly frames: number; readonly bytes: number } {
    return { frames: 0, bytes: 0 };
  }

  request(): Promise<Uint8Array> {
    return Promise.reject(new Error('the server asks nothing'));
  }

  openStream(): Promise<OutgoingStream> {
    return Promise.reject(new Error('the server opens no streams'));
  }

  close(): Promise<void> {
    this.end({ by: 'local', error: undefined });
    return Promise.resolve();
  }

  destroy(error: Error): void {
    if (this.destroyed !== undefined) return;
    this.destroyed = error;
    this.end({ by: 'broken', error });
  }

  /** Sends the messages that `write` writes, as one frame. */
  say(write: (writer: ClientFrameWriter) => void): void {
    const writer = new ClientFrameWriter();
    write(writer);
    this.#events?.frames([writer.take()!]);
  }

  /** Sends bytes as they are. */
  sayBytes(frame: Uint8Array): void {
    this.#events?.frames([frame]);
  }

  ask(body: Uint8Array): Promise<Uint8Array> {
    return this.#events!.request(body, new AbortController().signal);
  }

  /** Room again. */
  drain(): void {
    this.full = false;
    this.#events?.drained();
  }

  end(reason: CloseReason): void {
    this.#events?.closed(reason);
  }

  /** What was heard about an id, in order. */
  about(id: number): ServerMessage[] {
    return this.heard.filter((message) => message.id === id);
  }
}
