import { expect, test } from 'vitest';
import { type ControlFrame, ControlFrameReader } from '../framing/control-frames.js';
import type { NativeStream } from '../native/native-session.js';
import { ControlChannel } from './control-channel.js';

/** A stream whose peer reads only when it is told to. */
class HeldStream implements NativeStream {
  readonly id = 0;
  readonly direction = 'bidirectional';
  readonly written: Uint8Array[] = [];
  #read: (() => void) | undefined;

  write(bytes: Uint8Array): Promise<void> {
    this.written.push(bytes);
    return new Promise((resolve) => {
      this.#read = resolve;
    });
  }
  read(): Promise<undefined> {
    return Promise.resolve(undefined);
  }
  reset(): void {}
  stop(): void {}

  /** The peer reads what was written last. */
  peerReads(): ControlFrame[] {
    const reader = new ControlFrameReader();
    reader.add(this.written.at(-1) ?? new Uint8Array());
    const frames: ControlFrame[] = [];
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame);
    this.#read?.();
    return frames;
  }
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });

test('a peer that does not read makes nothing pile up: of each stream, and of streams that are over, only what counts waits', async () => {
  const stream = new HeldStream();
  const control = new ControlChannel(stream, true, (error) => {
    throw error;
  });
  control.send({ type: 'drain' });
  await turn();
  // The peer opens streams one after the other; each is read from, cancelled, and over.
  for (let id = 4; id < 40_000; id += 4) {
    control.send({ type: 'credit', id, limit: id });
    control.send({ type: 'stop', id, code: 7 });
    control.send({ type: 'ping', token: id });
    control.forget(id);
    control.send({ type: 'max-streams', direction: 'bidirectional', total: id });
  }
  control.send({ type: 'stop', id: 40_000, code: 8 });
  await turn();
  expect(stream.written).toHaveLength(1);
  stream.peerReads();
  await turn();
  expect(stream.peerReads()).toEqual([
    { type: 'ping', token: 39_996 },
    { type: 'max-streams', direction: 'bidirectional', total: 39_996 },
    { type: 'stop', id: 40_000, code: 8 },
  ]);
});
