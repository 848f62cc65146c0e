import { type ErrorCode, isFlotillaError } from '@flotilla/errors';
import { VirtualWorld } from '@flotilla/runtime/virtual';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkedTransport, TestHandshake } from '../conformance.js';
import { uniformDelay } from '../memory/delay.js';
import { MemoryNetwork } from '../memory/memory-network.js';
import type { CloseReason, Connection, ConnectionEvents, IncomingStream } from '../transport.js';

const ENDED: readonly ErrorCode[] = ['ConnectionClosed', 'Aborted', 'Overloaded'];

/** What a side did and saw, against which the other side is judged. */
class ModelledSide implements ConnectionEvents {
  readonly connection: Connection;
  readonly sent: string[] = [];
  readonly seen: string[] = [];
  readonly handled: string[] = [];
  readonly promises: Promise<void>[] = [];
  readonly ends: CloseReason[] = [];
  readonly #name: string;
  /** What the streams that this side reads brought, by header. */
  readonly streams = new Map<string, { bytes: number; complete: boolean }>();
  #count = 0;

  constructor(name: string, connection: Connection) {
    this.#name = name;
    this.connection = connection;
    connection.attach(this);
  }

  frames(frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.seen.push(label(frame));
  }

  async request(body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const name = label(body);
    this.handled.push(name);
    if (name.endsWith('3')) throw new Error('handler');
    if (name.endsWith('5')) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return body;
  }

  stream(stream: IncomingStream): void {
    const state = { bytes: 0, complete: false };
    const name = label(stream.header);
    this.streams.set(name, state);
    const read = async (): Promise<void> => {
      try {
        for await (const chunk of stream) {
          const start = state.bytes;
          expect(chunk.every((byte, i) => byte === ((start + i) & 0xff))).toBe(true);
          state.bytes += chunk.length;
          if (name.endsWith('4') && state.bytes > 1000) break;
          if (name.endsWith('7') && state.bytes > 1000) return stream.answer(stream.header);
        }
        if (name.endsWith('4') && state.bytes > 1000) return;
        state.complete = true;
        stream.answer(stream.header);
      } catch (error) {
        expectCode(error, ENDED);
      }
    };
    this.promises.push(read());
  }

  drained(): void {}

  closed(reason: CloseReason): void {
    this.ends.push(reason);
  }

  sendFrames(count: number, size: number): void {
    for (let i = 0; i < count; i++) {
      const frame = labelled(`${this.#name} frame ${this.#count++}`, size);
      if (this.connection.sendFrame(frame)) this.sent.push(label(frame));
    }
  }

  sendRequest(size: number, abortSoon: boolean, other: () => ModelledSide): void {
    const body = labelled(`${this.#name} request ${this.#count++}`, size);
    const controller = new AbortController();
    const settle = async (): Promise<void> => {
      try {
        const reply = await this.connection.request(body, { signal: controller.signal });
        expect(label(reply)).toBe(label(body));
        expect(reply.length).toBe(body.length);
      } catch (error) {
        expectCode(error, [...ENDED, 'Internal']);
        if (isFlotillaError(error) && error.outcome === 'definite') expect(other().handled).not.toContain(label(body));
      }
    };
    this.promises.push(settle());
    if (abortSoon) queueMicrotask(() => controller.abort());
  }

  openStream(size: number, abort: boolean, other: () => ModelledSide): void {
    const header = labelled(`${this.#name} stream ${this.#count++}`, 40);
    const write = async (): Promise<void> => {
      try {
        const stream = await this.connection.openStream(header);
        for (let at = 0; at < size; at += 50_000) {
          const chunk = Uint8Array.from({ length: Math.min(50_000, size - at) }, (_, i) => (at + i) & 0xff);
          await stream.write(chunk);
          if (abort) return stream.abort(new Error('changed my mind'));
        }
        expect(label(await stream.finish())).toBe(label(header));
        const state = other().streams.get(label(header));
        if (!label(header).endsWith('7')) expect(state).toEqual({ bytes: size, complete: true });
      } catch (error) {
        expectCode(error, ENDED);
      }
    };
    this.promises.push(write());
  }
}

function labelled(text: string, size: number): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const frame = new Uint8Array(1 + bytes.length + size);
  frame[0] = bytes.length;
  frame.set(bytes, 1);
  return frame;
}

function label(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(1, 1 + (bytes[0] ?? 0)));
}

function expectCode(error: unknown, codes: readonly ErrorCode[]): void {
  if (!isFlotillaError(error)) throw error;
  expect(codes).toContain(error.code);
}

const side = fc.constantFrom('a', 'b');
const size = fc.oneof(fc.nat(100), fc.nat(70_000), fc.nat(300_000));
const action = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('frames'), side, count: fc.integer({ min: 1, max: 30 }), size }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('request'), side, size, abort: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('stream'), side, size, abort: fc.boolean() }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clog'), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('release'), side }) },
);
const ending = fc.constantFrom('idle', 'close a', 'close b', 'destroy a', 'break', 'break late', 'cut', 'crash');

test('under any schedule: frames in order and once, requests at most once and honest, streams whole, nothing waits for ever', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 40 }), ending, fc.nat(1000), async (actions, end, seed) => {
      const world = new VirtualWorld({ seed });
      const runtime = world.createRuntime();
      const network = new MemoryNetwork({ runtime, latency: uniformDelay(0, 10), seed });
      const violations: Error[] = [];
      const limits = { queuedFramesMax: 64, queuedBytesMax: 1_000_000, frameBytesMax: 400_000, requestsInFlightMax: 8 };
      const check = { runtime, report: (violation: Error): void => void violations.push(violation) };
      const dialler = checkedTransport(network.transport('a', { limits }), check);
      const listener = checkedTransport(network.transport('b', { limits }), check);
      const sides: { a?: ModelledSide; b?: ModelledSide } = {};
      await listener.listen('mem://b', {
        handshake: new TestHandshake('b'),
        accept: (connection) => {
          sides.b = new ModelledSide('b', connection);
        },
      });
      await world.settle(
        dialler.dial('mem://b', { handshake: new TestHandshake('a') }).then((connection) => {
          sides.a = new ModelledSide('a', connection);
        }),
      );
      await world.advance(20);
      const { a, b } = sides;
      if (a === undefined || b === undefined) throw new Error('no connection');
      for (const step of actions) {
        if ('ms' in step) {
          await world.advance(step.ms);
          continue;
        }
        const [here, there] = step.side === 'a' ? [a, b] : [b, a];
        if ('count' in step) here.sendFrames(step.count, step.size);
        else if (step.do === 'request' && 'abort' in step) here.sendRequest(step.size, step.abort, () => there);
        else if (step.do === 'stream' && 'abort' in step) here.openStream(step.size, step.abort, () => there);
        else if (step.do === 'clog') network.clog(step.side, step.side === 'a' ? 'b' : 'a');
        else network.release(step.side, step.side === 'a' ? 'b' : 'a');
      }
      if (end === 'cut') network.cut('a', 'b');
      if (end !== 'close a' && end !== 'close b') await world.advance(5);
      network.restore();
      if (end === 'idle') await world.advance(10_000);
      else if (end === 'close a') await world.settle(a.connection.close());
      else if (end === 'close b') await world.settle(b.connection.close());
      else if (end === 'destroy a') a.connection.destroy(new Error('over'));
      else if (end === 'break') network.breakConnections('a', 'b');
      else if (end === 'break late') network.breakConnections('a', 'b', { inFlight: 'delivered' });
      else if (end === 'crash') network.crash('b');
      await world.advance(10_000);

      expect(b.seen).toEqual(a.sent.slice(0, b.seen.length));
      expect(a.seen).toEqual(b.sent.slice(0, a.seen.length));
      if (end === 'idle' || end === 'close a') expect(b.seen).toEqual(a.sent);
      if (end === 'idle' || end === 'close b') expect(a.seen).toEqual(b.sent);
      for (const each of [a, b]) expect(new Set(each.handled).size).toBe(each.handled.length);

      a.connection.destroy(new Error('over'));
      b.connection.destroy(new Error('over'));
      await world.settle(Promise.all([...a.promises, ...b.promises]));
      await world.advance(1000);
      expect([a.ends.length, b.ends.length]).toEqual([1, 1]);
      expect(violations).toEqual([]);
    }),
    { numRuns: 60 },
  );
}, 120_000);
