import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { RAW_FRAME_BYTES_MAX, type Wire } from './wire.js';

/** A server of bare WebSockets. @returns its address */
export async function listenRawWebSocket(): Promise<string> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) => {
    socket.on('message', (data) => {
      const bytes = bytesOf(data);
      if (bytes.length <= RAW_FRAME_BYTES_MAX) socket.send(bytes);
    });
  });
  await once(server, 'listening');
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A bare WebSocket: a message for each frame, no lanes. */
export async function dialRawWebSocket(address: string): Promise<Wire> {
  const socket = new WebSocket(address, { perMessageDeflate: false });
  await once(socket, 'open');
  const marks: (() => void)[] = [];
  const wire: Wire = {
    onFrame: () => undefined,
    send: (frame) => socket.send(frame),
    request: undefined,
    openStream: () =>
      Promise.resolve({
        write: (chunk) =>
          new Promise<void>((resolve, reject) =>
            socket.send(chunk, (error) => (error instanceof Error ? reject(error) : resolve())),
          ),
        finish: () =>
          new Promise<void>((resolve) => {
            marks.push(resolve);
            socket.send(Uint8Array.of(0));
          }),
      }),
    close: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
  socket.on('message', (data) => {
    const bytes = bytesOf(data);
    if (bytes.length === 1) marks.shift()?.();
    else wire.onFrame(bytes);
  });
  return wire;
}

function bytesOf(data: RawData): Uint8Array {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? new Uint8Array(data) : data;
}
