import { LOCAL_APPEND_THREAD, LOCAL_APPLY_THREAD, type Message } from '@flotilla/raft-core';

/** Messages on their way, in the order in which they were sent. */
export class MessagesInFlight {
  #messages: readonly Message[] = [];

  add(messages: readonly Message[]): void {
    this.#messages = [...this.#messages, ...messages];
  }

  /** Whether anything waits for `to`. */
  hasFor(to: number): boolean {
    return this.#messages.some((message) => message.to === to);
  }

  /** Removes and returns the messages to `to`, of one type if given. Order is kept. */
  take(to: number, type?: number): readonly Message[] {
    return this.#takeWhere((message) => message.to === to && (type === undefined || message.type === type));
  }

  /** As `take`, but what a node sends to itself or to its storage stays: such messages are reliable. */
  takeToDrop(to: number, type?: number): readonly Message[] {
    return this.#takeWhere(
      (message) => message.to === to && !isLocal(message) && (type === undefined || message.type === type),
    );
  }

  #takeWhere(matches: (message: Message) => boolean): readonly Message[] {
    const taken = this.#messages.filter(matches);
    this.#messages = this.#messages.filter((message) => !matches(message));
    return taken;
  }
}

function isLocal({ from, to }: Message): boolean {
  return from === to || isStorageThread(from) || isStorageThread(to);
}

function isStorageThread(id: number): boolean {
  return id === LOCAL_APPEND_THREAD || id === LOCAL_APPLY_THREAD;
}
