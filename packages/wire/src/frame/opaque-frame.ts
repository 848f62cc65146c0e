import { malformed } from '../decoding.js';
import { FrameKind } from './frame-kind.js';

/** A frame of kind `Opaque` around `body`: the kind byte, then the body to the frame's end. */
export function encodeOpaqueFrame(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(1 + body.length);
  frame[0] = FrameKind.Opaque;
  frame.set(body, 1);
  return frame;
}

/** The body of a frame of kind `Opaque`, as a view. @throws {FlotillaError} MalformedFrame */
export function opaqueFrameBody(frame: Uint8Array): Uint8Array {
  if (frame[0] !== FrameKind.Opaque) throw malformed('not an opaque frame');
  return frame.subarray(1);
}
