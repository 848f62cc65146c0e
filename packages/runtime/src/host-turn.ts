/** The globals of a runtime that turns and timers are built on. What is missing somewhere is looked for, never assumed. */
interface HostGlobals {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel?: new () => { readonly port1: HostPort; readonly port2: HostPort };
  readonly setTimeout: (callback: () => void, delayMs: number) => unknown;
}

interface HostPort {
  onmessage: (() => void) | null;
  postMessage(message: null): void;
}

/**
 * Calls back in a later macrotask, first in first out: by `setImmediate` (Node, Deno), else a MessageChannel (browsers,
 * isolates), else a timer of 0 ms. Between two callbacks all microtasks run.
 */
export const hostTurn: (callback: () => void) => void = chooseHostTurn(globalThis as unknown as HostGlobals);

function chooseHostTurn(host: HostGlobals): (callback: () => void) => void {
  const { setImmediate, MessageChannel, setTimeout } = host;
  if (setImmediate !== undefined) return (callback) => void setImmediate(callback);
  if (MessageChannel !== undefined) return messageChannelTurn(new MessageChannel());
  return (callback) => void setTimeout(callback, 0);
}

function messageChannelTurn(channel: {
  readonly port1: HostPort;
  readonly port2: HostPort;
}): (callback: () => void) => void {
  let waiting: (() => void)[] = [];
  let next = 0;
  channel.port1.onmessage = () => {
    const callback = waiting[next];
    next += 1;
    if (next === waiting.length) {
      waiting = [];
      next = 0;
    }
    callback?.();
  };
  return (callback) => {
    waiting.push(callback);
    channel.port2.postMessage(null);
  };
}
