import { createServer, type Server } from 'node:net';
import { WebSocket } from 'ws';

/** A listener that takes connections and never says a word. */
export async function silentListener(): Promise<{ readonly address: string; close(): Promise<void> }> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return {
    address: `ws://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** An address where nobody listens: one that was just let go. */
export async function unreachableAddress(): Promise<string> {
  const listener = await silentListener();
  await listener.close();
  return listener.address;
}

/** A peer that does as it likes. */
export interface RawWebSocket {
  readonly socket: WebSocket;
  send(message: Uint8Array): void;
  readonly closed: Promise<void>;
  close(): void;
}

/** A WebSocket with the right subprotocol, and nothing above it. */
export async function rawPeer(address: string, options: object = {}): Promise<RawWebSocket> {
  const socket = new WebSocket(address, ['flotilla.1'], { perMessageDeflate: false, ...options });
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => resolve());
    socket.on('error', reject);
  });
  return { socket, send: (message) => socket.send(message), closed, close: () => socket.close() };
}
