import type { Runtime, Timer } from '@flotilla/runtime';
import { type ControlMessage, controlMessage } from './control-message.js';
import { newPortPair, type PortLike, type PortMessage } from './port.js';

/** One context's place at a hub. */
export interface HubLink {
  /** The context's end: hand it over in a message (`worker.postMessage({ port }, [port])`), and give it to `hubRendezvous` there. */
  readonly port: PortLike;
  /** The context is gone, or is about to be terminated: its names are free at once. Idempotent. */
  close(): void;
}

/** A holder of a name that does not answer within so long is gone (ms). Hidden pages still answer messages in time. */
const HOLDER_PATIENCE_MS = 2_000;

/**
 * Where contexts of one browser, or threads of one process, find each other by name: it takes a port from whoever dials and hands it to
 * whoever listens. What they say to each other then does not pass through it. A page keeps one for its workers and iframes; in a
 * SharedWorker it serves all tabs of an origin.
 */
export class PortHub {
  readonly #runtime: Runtime;
  readonly #names = new Map<string, LinkSide>();
  readonly #links = new Set<LinkSide>();
  #attached = 0;

  constructor(options: { readonly runtime: Runtime }) {
    this.#runtime = options.runtime;
  }

  /** A place for one more context; listeners are told its name (default `link-<number>`) when it dials. */
  link(name?: string): HubLink {
    const [ours, theirs] = newPortPair();
    const side = this.attach(ours, name);
    return { port: theirs, close: () => side.close() };
  }

  /** Takes a port whose other end a context keeps already, as a SharedWorker is given one by each tab. */
  attach(port: PortLike, name?: string): { close(): void } {
    const side: LinkSide = new LinkSide(
      name ?? `link-${++this.#attached}`,
      port,
      (message) => this.#take(side, message),
      () => this.#gone(side),
    );
    this.#links.add(side);
    return side;
  }

  /** Names that are listened on, ascending. */
  get names(): readonly string[] {
    return [...this.#names.keys()].sort((a, b) => (a < b ? -1 : 1));
  }

  /** Ends all links. */
  close(): void {
    for (const side of this.#links) side.close();
  }

  #take(side: LinkSide, message: ControlMessage): void {
    switch (message.kind) {
      case 'listen':
        return this.#listen(side, message.id, message.name);
      case 'unlisten':
        if (this.#names.get(message.name) === side) this.#names.delete(message.name);
        return;
      case 'connect': {
        const holder = this.#names.get(message.name);
        holder?.post({ kind: 'dialled', name: message.name, from: side.name, port: message.port }, [message.port]);
        if (holder === undefined) message.port.close();
        return side.post({ kind: 'answer', id: message.id, done: holder !== undefined });
      }
      case 'pong':
        return side.answered();
      default:
        return;
    }
  }

  /** A name goes to whoever asks if its holder is gone, which a terminated worker does not say on every runtime. */
  #listen(side: LinkSide, id: number, name: string): void {
    const holder = this.#names.get(name);
    if (holder === undefined) {
      this.#names.set(name, side);
      return side.post({ kind: 'answer', id, done: true });
    }
    if (holder === side) return side.post({ kind: 'answer', id, done: false });
    holder.ask(this.#runtime, (alive) => {
      if (!alive) {
        holder.close();
        return this.#listen(side, id, name);
      }
      side.post({ kind: 'answer', id, done: false });
    });
  }

  #gone(side: LinkSide): void {
    this.#links.delete(side);
    for (const [name, holder] of this.#names) if (holder === side) this.#names.delete(name);
  }
}

/** The hub's end of a link. */
class LinkSide {
  readonly name: string;
  readonly #port: PortLike;
  readonly #gone: () => void;
  #questions: { readonly told: (alive: boolean) => void; readonly timer: Timer }[] = [];
  #open = true;

  constructor(name: string, port: PortLike, take: (message: ControlMessage) => void, gone: () => void) {
    this.name = name;
    this.#port = port;
    this.#gone = gone;
    port.onmessage = ({ data }: PortMessage) => {
      const message = controlMessage(data);
      if (message !== undefined && this.#open) take(message);
    };
    port.addEventListener?.('close', () => this.close());
  }

  post(message: ControlMessage, transfer: readonly object[] = []): void {
    if (this.#open) this.#port.postMessage(message, transfer);
  }

  ask(runtime: Runtime, told: (alive: boolean) => void): void {
    const question = {
      told,
      timer: runtime.setTimer(HOLDER_PATIENCE_MS, () => {
        this.#questions = this.#questions.filter((each) => each !== question);
        told(false);
      }),
    };
    this.#questions.push(question);
    this.post({ kind: 'ping' });
  }

  answered(): void {
    this.#tellAll(true);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#port.close();
    this.#gone();
    this.#tellAll(false);
  }

  #tellAll(alive: boolean): void {
    for (const { told, timer } of this.#questions.splice(0)) {
      timer.cancel();
      told(alive);
    }
  }
}
