import { setTimeout as sleep } from 'node:timers/promises';
import type { ClientPlan, Delays, Measured, RoundTrips } from './plan.js';
import type { Wire, WireStream } from './wire.js';

const FRAME_BYTES = [64, 1_024] as const;
const IN_FLIGHT = [1, 64] as const;
const REQUEST_BYTES = 64;
const CHUNK_BYTES = 64 * 1024;
const WARM_UP_SECONDS = 0.3;
const HEARTBEAT_MS = 5;
/** So many times as long as other figures: a tail needs more of them. */
const ALONE_TIMES = 2;
const BESIDE_SNAPSHOT_TIMES = 4;
const MIB = 1024 * 1024;

/** Measures all there is of one connection, one thing after the other. */
export async function measureWire(wire: Wire, { seconds, snapshotRate }: ClientPlan): Promise<Measured> {
  await frameRoundTrips(wire, 64, 64, WARM_UP_SECONDS);
  await streamRate(wire, WARM_UP_SECONDS);
  const frames: Record<string, RoundTrips> = {};
  for (const bytes of FRAME_BYTES) {
    for (const inFlight of IN_FLIGHT) {
      frames[`${bytes}x${inFlight}`] = await frameRoundTrips(wire, bytes, inFlight, seconds);
    }
  }
  const { request } = wire;
  const requests: Record<string, RoundTrips> = {};
  if (request !== undefined) {
    for (const inFlight of IN_FLIGHT) requests[inFlight] = await requestRoundTrips(request, inFlight, seconds);
  }
  const streamMiB = await streamRate(wire, seconds);
  const heartbeatAlone = await heartbeats(wire, seconds * ALONE_TIMES);
  const snapshot = new PacedSnapshot(wire, snapshotRate);
  const heartbeatBesideSnapshot = await heartbeats(wire, seconds * BESIDE_SNAPSHOT_TIMES);
  return {
    frames,
    requests: request === undefined ? undefined : requests,
    streamMiB,
    heartbeatAlone,
    heartbeatBesideSnapshot,
    snapshotMiB: await snapshot.end(),
  };
}

/** Always `inFlight` frames under way, each sent when one came back. */
async function frameRoundTrips(wire: Wire, bytes: number, inFlight: number, seconds: number): Promise<RoundTrips> {
  const frame = new Uint8Array(bytes).fill(7);
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  const sent: number[] = [];
  const delays: number[] = [];
  let oldest = 0;
  await new Promise<void>((resolve) => {
    const send = (): void => {
      sent.push(performance.now());
      wire.send(frame);
    };
    wire.onFrame = () => {
      const now = performance.now();
      delays.push(now - (sent[oldest++] ?? now));
      if (now < end) send();
      else if (oldest === sent.length) resolve();
    };
    for (let started = 0; started < inFlight; started++) send();
  });
  return { perSecond: delays.length / ((performance.now() - begin) / 1_000), ...percentiles(delays) };
}

async function requestRoundTrips(
  request: (body: Uint8Array) => Promise<Uint8Array>,
  inFlight: number,
  seconds: number,
): Promise<RoundTrips> {
  const body = new Uint8Array(REQUEST_BYTES).fill(7);
  const delays: number[] = [];
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let now = performance.now(); now < end;) {
        await request(body);
        const after = performance.now();
        delays.push(after - now);
        now = after;
      }
    }),
  );
  return { perSecond: delays.length / ((performance.now() - begin) / 1_000), ...percentiles(delays) };
}

/** MiB a second of a stream that is written as fast as it takes. */
async function streamRate(wire: Wire, seconds: number): Promise<number> {
  const chunk = new Uint8Array(CHUNK_BYTES).fill(7);
  const begin = performance.now();
  const end = begin + seconds * 1_000;
  const stream = await wire.openStream();
  let bytes = 0;
  for (; performance.now() < end; bytes += CHUNK_BYTES) await stream.write(chunk);
  await stream.finish();
  return bytes / MIB / ((performance.now() - begin) / 1_000);
}

/** Round trips of one small frame every few ms, whether or not the one before it is back. */
async function heartbeats(wire: Wire, seconds: number): Promise<Delays> {
  const frame = new Uint8Array(64).fill(7);
  const sent: number[] = [];
  const delays: number[] = [];
  const beats = Math.round((seconds * 1_000) / HEARTBEAT_MS);
  await new Promise<void>((resolve) => {
    wire.onFrame = () => {
      const now = performance.now();
      delays.push(now - (sent[delays.length] ?? now));
      if (delays.length === beats) resolve();
    };
    const timer = setInterval(() => {
      sent.push(performance.now());
      wire.send(frame);
      if (sent.length === beats) clearInterval(timer);
    }, HEARTBEAT_MS);
  });
  return percentiles(delays);
}

/** A stream of so many bytes a second, from now until it is ended. */
class PacedSnapshot {
  readonly #wire: Wire;
  readonly #rate: number;
  readonly #begin = performance.now();
  readonly #writing: Promise<number>;
  #isEnding = false;

  constructor(wire: Wire, rate: number) {
    this.#wire = wire;
    this.#rate = rate;
    this.#writing = this.#write();
  }

  /** @returns what it did, MiB a second. */
  async end(): Promise<number> {
    this.#isEnding = true;
    const bytes = await this.#writing;
    return bytes / MIB / ((performance.now() - this.#begin) / 1_000);
  }

  async #write(): Promise<number> {
    const chunk = new Uint8Array(CHUNK_BYTES).fill(7);
    const stream: WireStream = await this.#wire.openStream();
    let bytes = 0;
    while (!this.#isEnding) {
      await stream.write(chunk);
      bytes += CHUNK_BYTES;
      const early = this.#begin + (bytes / this.#rate) * 1_000 - performance.now();
      if (early > 0) await sleep(early);
    }
    await stream.finish();
    return bytes;
  }
}

function percentiles(delays: readonly number[]): Delays {
  const sorted = Float64Array.from(delays).sort();
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}
