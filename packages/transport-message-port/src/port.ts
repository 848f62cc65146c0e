/**
 * The part of a MessagePort that is used here: pages, workers, iframes, Node and Deno have it. A DedicatedWorkerGlobalScope, a Worker and a
 * window of another origin have it too, but for `close`.
 */
export interface PortLike {
  /** Called with `{ data }`. What arrives before it is set is kept. */
  onmessage: ((event: never) => void) | null;
  postMessage(message: unknown, transfer?: readonly object[]): void;
  close(): void;
  /** Where the runtime tells of it: `close`, once the other side is gone. */
  addEventListener?(type: 'close', listener: () => void): void;
}

declare const MessageChannel: new () => { readonly port1: PortLike; readonly port2: PortLike };

/** Two ports: what is posted to one arrives at the other. */
export function newPortPair(): readonly [PortLike, PortLike] {
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}

/** Whether something that came in a message can be used as a port. */
export function isPort(value: unknown): value is PortLike {
  return typeof value === 'object' && value !== null && 'postMessage' in value && 'close' in value;
}

/** What a port's listener is called with. */
export interface PortMessage {
  readonly data: unknown;
}

/** Whether these are bytes. A port that came from an iframe makes them of that realm, where `instanceof` does not know them. */
export function isArrayBuffer(value: unknown): value is ArrayBuffer {
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]';
}
