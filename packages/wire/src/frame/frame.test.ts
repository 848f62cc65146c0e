import { isFlotillaError } from '@flotilla/errors';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeControlPush,
  decodeHostHeartbeat,
  encodeControlPush,
  encodeHostHeartbeat,
  encodeOpaqueFrame,
  FrameKind,
  frameKind,
  opaqueFrameBody,
  RaftBatchEncoder,
} from '../index.js';
import { count, heartbeat, mutated } from '../testdata/arbitraries.js';

const hostHeartbeat = fc.record({
  hostEpoch: count,
  clusterEpoch: count,
  sequence: count,
  echo: count,
  topologyVersion: count,
  routingVersion: count,
});
const part = fc.option(fc.uint8Array(), { nil: undefined });
const controlPush = fc.record({ clusterEpoch: count, index: count, topology: part, routing: part });

describe('frames come back as they were', () => {
  test('host heartbeats', () => {
    fc.assert(
      fc.property(hostHeartbeat, (each) => {
        expect(decodeHostHeartbeat(encodeHostHeartbeat(each))).toEqual(each);
      }),
    );
  });

  test('control pushes', () => {
    fc.assert(
      fc.property(controlPush, (each) => {
        expect(decodeControlPush(encodeControlPush(each))).toEqual(each);
      }),
    );
  });

  test('opaque frames', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (body) => {
        expect(opaqueFrameBody(encodeOpaqueFrame(body))).toEqual(body);
      }),
    );
  });
});

describe('the first byte names the kind', () => {
  test('of each frame that this room makes', () => {
    const encoder = new RaftBatchEncoder({ from: 1, to: 2 });
    encoder.add(1, 0, fc.sample(heartbeat, 1)[0] as never);
    expect(encoder.finish(1).map(frameKind)).toEqual([FrameKind.RaftBatch]);
    const beat = { hostEpoch: 1, clusterEpoch: 1, sequence: 1, echo: 0, topologyVersion: 1, routingVersion: 1 };
    expect(frameKind(encodeHostHeartbeat(beat))).toBe(FrameKind.HostHeartbeat);
    const push = { clusterEpoch: 1, index: 1, topology: undefined, routing: undefined };
    expect(frameKind(encodeControlPush(push))).toBe(FrameKind.ControlPush);
    expect(frameKind(encodeOpaqueFrame(new Uint8Array(0)))).toBe(FrameKind.Opaque);
  });

  test('an empty frame and an unknown kind are refused', () => {
    expect(() => frameKind(new Uint8Array(0))).toThrow('MalformedFrame');
    for (const kind of [0, 5, 255]) expect(() => frameKind(Uint8Array.of(kind))).toThrow('MalformedFrame');
    expect(() => opaqueFrameBody(Uint8Array.of(1, 2))).toThrow('MalformedFrame');
  });
});

describe('bad bytes are refused with a typed error', () => {
  const decoders = [decodeHostHeartbeat, decodeControlPush, opaqueFrameBody, frameKind];

  function decodesOrRefuses(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
    try {
      decode(bytes);
    } catch (error) {
      expect(isFlotillaError(error, 'MalformedFrame') || isFlotillaError(error, 'IncompatibleVersion')).toBe(true);
    }
  }

  test('any bytes, and changed frames', () => {
    const frames = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      mutated(hostHeartbeat.map(encodeHostHeartbeat)),
      mutated(controlPush.map(encodeControlPush)),
    );
    fc.assert(
      fc.property(frames, (bytes) => {
        for (const decode of decoders) decodesOrRefuses(decode, bytes);
      }),
      { numRuns: 1000 },
    );
  });

  test('a later version is IncompatibleVersion', () => {
    expect(() => decodeHostHeartbeat(Uint8Array.of(2, 2, 1, 1, 1, 1, 1, 1))).toThrow('IncompatibleVersion');
    expect(() => decodeControlPush(Uint8Array.of(3, 2, 1, 1, 0))).toThrow('IncompatibleVersion');
    expect(() => decodeControlPush(Uint8Array.of(3, 1, 1, 1, 4))).toThrow('unknown parts 4');
  });
});
