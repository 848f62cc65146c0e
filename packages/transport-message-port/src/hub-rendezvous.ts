import { abortError, shutdown } from '@flotilla/transport/multiplex';
import { type ControlMessage, controlMessage } from './control-message.js';
import { addressInUse, unreachable } from './errors.js';
import { newPortPair, type PortLike, type PortMessage } from './port.js';
import type { PortListening, PortRendezvous } from './rendezvous.js';

/** The rendezvous of a context that was given a port by a {@link PortHub}. It owns the port. */
export function hubRendezvous(port: PortLike): PortRendezvous {
  return new HubRendezvous(port);
}

class HubRendezvous implements PortRendezvous {
  readonly #port: PortLike;
  readonly #listeners = new Map<string, (port: PortLike, from: string) => void>();
  readonly #questions = new Map<number, (done: boolean) => void>();
  #ids = 0;
  #open = true;

  constructor(port: PortLike) {
    this.#port = port;
    port.onmessage = ({ data }: PortMessage) => {
      const message = controlMessage(data);
      if (message !== undefined) this.#take(message);
    };
    port.addEventListener?.('close', () => this.close());
  }

  async listen(name: string, accept: (port: PortLike, from: string) => void): Promise<PortListening> {
    if (this.#listeners.has(name)) throw addressInUse(name);
    this.#listeners.set(name, accept);
    const done = await this.#ask((id) => this.#port.postMessage({ kind: 'listen', id, name }));
    if (!done) {
      this.#listeners.delete(name);
      throw this.#open ? addressInUse(name) : shutdown(`listening on port://${name}`);
    }
    return { close: () => this.#unlisten(name, accept) };
  }

  async connect(name: string, signal: AbortSignal): Promise<PortLike> {
    const [ours, theirs] = newPortPair();
    const asked = this.#ask((id) => this.#port.postMessage({ kind: 'connect', id, name, port: theirs }, [theirs]));
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(abortError(`dialling port://${name}`, signal)), { once: true });
    });
    try {
      if (await Promise.race([asked, aborted])) return ours;
      throw this.#open ? unreachable(name) : shutdown(`dialling port://${name}`);
    } catch (error) {
      ours.close();
      throw error;
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const name of this.#listeners.keys()) this.#port.postMessage({ kind: 'unlisten', name });
    this.#listeners.clear();
    this.#port.close();
    for (const told of this.#questions.values()) told(false);
    this.#questions.clear();
  }

  #unlisten(name: string, accept: (port: PortLike, from: string) => void): void {
    if (this.#listeners.get(name) !== accept) return;
    this.#listeners.delete(name);
    if (this.#open) this.#port.postMessage({ kind: 'unlisten', name });
  }

  #ask(post: (id: number) => void): Promise<boolean> {
    if (!this.#open) return Promise.resolve(false);
    const id = ++this.#ids;
    return new Promise((resolve) => {
      this.#questions.set(id, resolve);
      post(id);
    });
  }

  #take(message: ControlMessage): void {
    if (message.kind === 'ping') return this.#port.postMessage({ kind: 'pong' });
    if (message.kind === 'answer') {
      const told = this.#questions.get(message.id);
      this.#questions.delete(message.id);
      return told?.(message.done);
    }
    if (message.kind !== 'dialled') return;
    const accept = this.#listeners.get(message.name);
    if (accept === undefined) message.port.close();
    else accept(message.port, message.from);
  }
}
