import type { Connection, ConnectionEvents, Handshake } from '@flotilla/transport';
import type { Wire } from './wire.js';

const NOTHING = new Uint8Array(0);

/** Everybody is let in: what is measured is not who they are. */
export const openHandshake: Handshake = {
  hello: () => Uint8Array.of(1),
  verify: () => undefined,
  refusal: (error) => new TextEncoder().encode(String(error)),
  refused: (bytes) => new Error(new TextDecoder().decode(bytes)),
};

/** A connection of one of our transports. */
export function connectionWire(connection: Connection): Wire {
  const wire: Wire = {
    onFrame: () => undefined,
    send: (frame) => {
      if (!connection.sendFrame(frame)) throw new Error('a frame was refused');
    },
    request: (body) => connection.request(body),
    openStream: async () => {
      const stream = await connection.openStream(NOTHING);
      return {
        write: (chunk) => stream.write(chunk),
        finish: async () => {
          await stream.finish();
        },
      };
    },
    close: () => connection.close(),
  };
  connection.attach({
    ...serverEvents(connection),
    frames: (frames) => {
      for (const frame of frames) wire.onFrame(frame);
    },
  });
  return wire;
}

/** The other side: echoes frames and requests, swallows streams. */
export function serverEvents(connection: Connection): ConnectionEvents {
  return {
    frames: (frames) => {
      for (const frame of frames) connection.sendFrame(frame);
    },
    request: (body) => Promise.resolve(body),
    stream: (stream) => {
      void (async () => {
        for await (const chunk of stream) if (chunk.length === 0) break;
        stream.answer(NOTHING);
      })().catch((error: unknown) => connection.destroy(error instanceof Error ? error : new Error(String(error))));
    },
    drained: () => undefined,
    closed: () => undefined,
  };
}
