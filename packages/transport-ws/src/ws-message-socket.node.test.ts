import { EventEmitter } from 'node:events';
import { transportMetrics } from '@flotilla/transport';
import { expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { WsMessageSocket } from './ws-message-socket.js';

/** A WebSocket whose system takes messages when it is told to. */
class HeldSocket extends EventEmitter {
  readonly OPEN = 1;
  readonly readyState = 1;
  readonly bufferedAmount = 0;
  readonly #sent: (() => void)[] = [];

  send(_message: Uint8Array, sent: () => void): void {
    this.#sent.push(sent);
  }

  /** The oldest message was handed to the system. */
  take(): void {
    this.#sent.shift()?.();
  }
}

test('what is unsent is known to the byte, also where something always is', () => {
  const held = new HeldSocket();
  const remote = { address: 'ws://[::1]:1', tls: undefined, loopback: true };
  const socket = new WsMessageSocket(held as unknown as WebSocket, remote, transportMetrics());
  const lengthOf = (nth: number): number => (nth * 7) % 31;
  let unsent = 0;
  for (let nth = 0; nth < 10_000; nth++) {
    socket.send(new Uint8Array(lengthOf(nth)));
    unsent += lengthOf(nth);
    if (nth >= 3) {
      held.take();
      unsent -= lengthOf(nth - 3);
    }
    expect(socket.unsentBytes).toBe(unsent);
  }
  for (let left = 0; left < 3; left++) held.take();
  expect(socket.unsentBytes).toBe(0);
});
