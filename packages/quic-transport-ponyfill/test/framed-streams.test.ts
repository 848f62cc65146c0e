// What a peer can make a session hold, and what it cannot: a framed session over a connection in memory, and a peer that writes what it likes.
import { describe, expect, test, vi } from 'vitest';
import { type ControlFrame, ControlFrameReader, encodeControlFrame, VERSION } from '../src/framing/control-frames.js';
import { abortFrame, dataHeader, endFrame } from '../src/framing/stream-frames.js';
import { concatBytes, encodeVarint } from '../src/http3/varint.js';
import { wholeLimits } from '../src/defaults.js';
import type { SessionLimits } from '../src/index.js';
import { FramedCore } from '../src/session/framed-core.js';
import { type MemoryStream, MemorySession } from './memory-native.js';

const CLIENT_HELLO: ControlFrame = {
  type: 'client-hello',
  version: VERSION,
  nonce: new Uint8Array(32),
  limits: { maxBidirectional: 10, maxUnidirectional: 10, windowBytes: 1_000_000 },
};

/** A peer that has said hello, and the session that it speaks with. */
class Scene implements AsyncDisposable {
  readonly core: FramedCore;
  readonly peer: MemorySession;
  readonly limits: ReturnType<typeof wholeLimits>;
  /** What the session said on its control stream. */
  readonly said: ControlFrame[] = [];
  #control: MemoryStream | undefined;

  constructor(limits: SessionLimits) {
    const { client, server } = MemorySession.pair();
    this.peer = client;
    this.limits = wholeLimits(limits);
    const { granted, idleTimeoutMs, keepAliveMs } = this.limits;
    this.core = new FramedCore(server, {
      hello: { side: 'server', prove: () => ({ chain: [], signature: new Uint8Array(0) }) },
      granted,
      idleTimeoutMs,
      keepAliveMs,
      carrier: 'quic',
    });
  }

  static async start(limits: SessionLimits): Promise<Scene> {
    const scene = new Scene(limits);
    const started = scene.core.start(new AbortController().signal);
    const control = await scene.peer.openBidirectional();
    scene.#control = control;
    await control.write(concatBytes([0], encodeControlFrame(CLIENT_HELLO)), false);
    void scene.#listen(control);
    await started;
    return scene;
  }

  get firstBytes(): number {
    return this.limits.granted.windows.firstBytes;
  }

  async tell(frame: ControlFrame): Promise<void> {
    await this.#control?.write(encodeControlFrame(frame), false);
  }

  /** Opens a stream and writes bytes to it. */
  async open(number: number, bytes: number, end: Uint8Array = new Uint8Array(0)): Promise<MemoryStream> {
    const stream = await this.peer.openBidirectional();
    await stream.write(concatBytes(encodeVarint(number), data(bytes), end), end.length > 0);
    await turn();
    return stream;
  }

  async openUnidirectional(number: number, bytes: number, end: Uint8Array): Promise<void> {
    const stream = await this.peer.openUnidirectional();
    await stream.write(concatBytes(encodeVarint(number), data(bytes), end), true);
    await turn();
  }

  /** The last credit that was given for a stream of the peer. */
  creditOf(number: number): number {
    const id = number * 4;
    return this.said.reduce((last, frame) => (frame.type === 'credit' && frame.id === id ? frame.limit : last), 0);
  }

  get maxUnidirectional(): number {
    return this.said.reduce(
      (last, frame) => (frame.type === 'max-streams' && frame.direction === 'unidirectional' ? frame.total : last),
      this.limits.granted.maxUnidirectional,
    );
  }

  async endedBy(): Promise<string> {
    const ending = await this.core.ended;
    return ending.type === 'failed' ? ending.error.code : 'closed';
  }

  async #listen(control: MemoryStream): Promise<void> {
    const frames = new ControlFrameReader();
    try {
      for (let bytes = await control.read(); bytes !== undefined; bytes = await control.read()) {
        frames.add(bytes);
        for (let frame = frames.next(); frame !== undefined; frame = frames.next()) this.said.push(frame);
      }
    } catch {
      return; // the connection has ended
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.peer.close(0, '');
    await this.core.gone;
  }
}

/** DATA frames with so many bytes. */
function data(bytes: number): Uint8Array {
  const frames: Uint8Array[] = [];
  for (let left = bytes; left > 0; left -= 60_000) {
    const length = Math.min(left, 60_000);
    frames.push(dataHeader(length), new Uint8Array(length));
  }
  return concatBytes(...frames);
}

const turn = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });

describe('a session nobody reads from', () => {
  test('holds of all streams together no more than a quarter of its window, where each could have a megabyte', async () => {
    await using scene = await Scene.start({
      maxIncomingBidirectionalStreams: 131,
      maxIncomingUnidirectionalStreams: 4,
      sessionWindowBytes: 4_194_304,
    });
    expect(131 * scene.firstBytes).toBeLessThanOrEqual(1_048_576);
    for (let number = 1; number <= 131; number++) await scene.open(number, scene.firstBytes);
    expect(scene.said.filter(({ type }) => type === 'credit')).toEqual([]);
    const [stream] = [await scene.core.acceptBidirectional()];
    expect((await stream?.receiving.read())?.length).toBe(scene.firstBytes);
  });

  test('is ended by the first byte beyond', async () => {
    await using scene = await Scene.start({});
    await scene.open(1, scene.firstBytes + 1);
    expect(await scene.endedBy()).toBe('ProtocolViolation');
  });

  for (const [name, end] of [
    ['end', endFrame()],
    ['are aborted', abortFrame(7)],
  ] as const) {
    test(`makes no room for more streams by those that ${name}, before somebody takes them`, async () => {
      await using scene = await Scene.start({ maxIncomingUnidirectionalStreams: 3 });
      for (let number = 1; number <= 3; number++) await scene.openUnidirectional(number, 100, end);
      expect(scene.maxUnidirectional).toBe(3);
      const taken = await scene.core.acceptUnidirectional();
      await turn();
      // What was aborted is gone once it is taken; what ended well is there to be read.
      if (name === 'end') {
        expect(scene.maxUnidirectional).toBe(3);
        await taken?.read();
        await turn();
      }
      expect(scene.maxUnidirectional).toBe(4);
      await scene.openUnidirectional(4, 100, end);
      await scene.openUnidirectional(5, 100, end);
      expect(await scene.endedBy()).toBe('ProtocolViolation');
    });
  }

  test('makes no room by streams that the peer ends and stops, either', async () => {
    await using scene = await Scene.start({ maxIncomingBidirectionalStreams: 3 });
    for (let number = 1; number <= 3; number++) {
      await scene.open(number, 100, endFrame());
      await scene.tell({ type: 'stop', id: number * 4, code: 1 });
    }
    await scene.open(4, 100, endFrame());
    expect(await scene.endedBy()).toBe('ProtocolViolation');
  });

  test('has room again for each stream that is cancelled', async () => {
    await using scene = await Scene.start({ maxIncomingUnidirectionalStreams: 2 });
    for (let number = 1; number <= 20; number++) {
      await scene.openUnidirectional(number, 100, endFrame());
      (await scene.core.acceptUnidirectional())?.cancel(3);
      await turn();
    }
    expect(scene.maxUnidirectional).toBe(22);
  });
});

describe('streams that stopped to be read', () => {
  test('keep no other from going on, and hold no more than their parts', async () => {
    const streamWindowBytes = 1_048_576;
    await using scene = await Scene.start({ streamWindowBytes, sessionWindowBytes: 4_194_304 });
    const { sharedBytes } = scene.limits.granted.windows;
    // Each is read until its window is as large as it gets, filled, and left alone.
    let held = 0;
    for (let number = 1; number <= 40; number++) {
      const stream = await scene.open(number, scene.firstBytes);
      const accepted = await scene.core.acceptBidirectional();
      await accepted?.receiving.read();
      await turn();
      const credit = scene.creditOf(number);
      expect(credit - scene.firstBytes).toBeLessThanOrEqual(streamWindowBytes);
      expect(credit).toBeGreaterThan(scene.firstBytes);
      await stream.write(data(credit - scene.firstBytes), false);
      await turn();
      held += Math.max(0, credit - 2 * scene.firstBytes);
      expect(held).toBeLessThanOrEqual(sharedBytes);
    }
    // One more goes on for as long as it is read.
    const stream = await scene.open(41, scene.firstBytes);
    const accepted = await scene.core.acceptBidirectional();
    let sent = scene.firstBytes;
    for (let read = 0; read < 300_000;) {
      read += (await accepted?.receiving.read())?.length ?? 0;
      await turn();
      const credit = scene.creditOf(41);
      if (credit > sent) await stream.write(data(credit - sent), false);
      sent = Math.max(sent, credit);
    }
    const ended = await Promise.race([scene.core.ended, Promise.resolve('alive')]);
    expect(ended).toBe('alive');
  });
});

describe('a stream whose opener has changed its mind', () => {
  test('while QUIC lets it open none is aborted once it is open, so that the peer keeps no place for it', async () => {
    await using scene = await Scene.start({});
    const room = Promise.withResolvers<void>();
    const open = scene.core.native.openBidirectional.bind(scene.core.native);
    vi.spyOn(scene.core.native, 'openBidirectional').mockImplementation(() => room.promise.then(open));
    const controller = new AbortController();
    const opening = scene.core.openBidirectional(controller.signal);
    await turn();
    const reason = new Error('changed my mind');
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    room.resolve();
    const stream = await scene.peer.acceptBidirectional();
    expect(await stream?.read()).toEqual(concatBytes(encodeVarint(1), abortFrame(0)));
    expect(await stream?.read()).toBeUndefined();
    await turn();
    expect(scene.said).toContainEqual({ type: 'stop', id: 5, code: 0 });
  });
});

test('bounds that make no sense together are refused', () => {
  expect(() => wholeLimits({ sessionWindowBytes: 1_000_000 })).toThrow(
    expect.objectContaining({ code: 'InvalidArgument' }),
  );
  expect(() => wholeLimits({ sessionWindowBytes: 0 })).toThrow(expect.objectContaining({ code: 'InvalidArgument' }));
  const many = wholeLimits({ maxIncomingBidirectionalStreams: 100_000 }).granted.windows;
  expect(many.firstBytes).toBe(1_024);
  const none = wholeLimits({ maxIncomingBidirectionalStreams: 0, maxIncomingUnidirectionalStreams: 0 }).granted.windows;
  expect(none).toEqual({ firstBytes: 16_384, streamBytes: 1_048_576, sharedBytes: 33_554_432 });
});
