import type { PortLike } from '@flotilla/transport-message-port';
import { RAW_FRAME_BYTES_MAX, type Wire } from './wire.js';

/** So many bytes are under way at most, as with our own ports: a port has no back-pressure. */
const WINDOW_BYTES = 256 * 1024;

/** The other side of a bare port. */
export function serveRawPort(port: PortLike): void {
  port.onmessage = ({ data }: { readonly data: unknown }) => {
    const buffer = data as ArrayBuffer;
    if (buffer.byteLength <= RAW_FRAME_BYTES_MAX) port.postMessage(buffer, [buffer]);
    else port.postMessage(buffer.byteLength);
  };
}

/** A bare port: a moved ArrayBuffer for each frame, no lanes. */
export function rawPortWire(port: PortLike): Wire {
  let underWay = 0;
  let taken = Promise.withResolvers<void>();
  const wire: Wire = {
    onFrame: () => undefined,
    send: (frame) => {
      const { buffer } = frame.slice();
      port.postMessage(buffer, [buffer]);
    },
    request: undefined,
    openStream: () =>
      Promise.resolve({
        write: async (chunk) => {
          const { buffer } = chunk.slice();
          underWay += buffer.byteLength;
          port.postMessage(buffer, [buffer]);
          while (underWay > WINDOW_BYTES) await taken.promise;
        },
        finish: async () => {
          while (underWay > 0) await taken.promise;
        },
      }),
    close: () => {
      port.close();
      return Promise.resolve();
    },
  };
  port.onmessage = ({ data }: { readonly data: unknown }) => {
    if (typeof data !== 'number') return wire.onFrame(new Uint8Array(data as ArrayBuffer));
    underWay -= data;
    taken.resolve();
    taken = Promise.withResolvers();
  };
  return wire;
}
