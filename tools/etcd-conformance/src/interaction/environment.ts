import { type Message, MessageType, type StepResult, type TraceEvent } from '@flotilla/raft-core';
import { DirectiveError } from '../datadriven/directive.js';
import { describeEntries } from '../text/entry.js';
import { logLineOf } from '../text/log-line.js';
import { describeMessage } from '../text/message.js';
import { describeReady } from '../text/ready.js';
import { createNode, type AddNodes } from './add-nodes.js';
import { MessagesInFlight } from './network.js';
import type { InteractionNode } from './node.js';
import { Output } from './output.js';
import { storageMessagesOf, withoutResponses } from './storage-messages.js';

/** To whom messages are delivered, or dropped on the way. */
export interface Recipient {
  readonly id: number;
  readonly isDropped: boolean;
}

const STEP_ERRORS: Readonly<Partial<Record<StepResult, string>>> = {
  'proposal-dropped': 'raft proposal dropped',
  'peer-not-found': 'raft: cannot step as peer not found',
  'local-message': 'raft: cannot step raft local message',
};

/** A group of nodes, the messages between them, and what is printed of their doings. */
export class InteractionEnvironment {
  readonly output: Output = new Output();
  readonly #nodes: InteractionNode[] = [];
  readonly #messages: MessagesInFlight = new MessagesInFlight();

  /** All nodes, in order of their ids, which begin at 1. */
  get nodes(): readonly InteractionNode[] {
    return this.#nodes;
  }

  /** Throws DirectiveError when there is no such node. */
  node(id: number): InteractionNode {
    const node = this.#nodes[id - 1];
    if (node === undefined) throw new DirectiveError(`there is no node ${id}`);
    return node;
  }

  addNodes(asked: AddNodes): void {
    for (let count = 0; count < asked.count; count++) {
      this.#nodes.push(createNode(this.#nodes.length + 1, asked, (event) => this.#log(event)));
    }
  }

  /** Puts a message on its way that no node has sent by itself. */
  send(message: Message): void {
    this.#messages.add([message]);
  }

  /** Handles one Ready of the node: saves and applies at once, or hands both to the node's threads. */
  processReady({ id, rawNode, usesAsyncStorageWrites, appendWork, applyWork }: InteractionNode): void {
    const ready = rawNode.ready();
    const local = storageMessagesOf(id, ready);
    this.output.write(describeReady(ready, [...ready.messages, ...local]));
    if (!usesAsyncStorageWrites) {
      const node = this.node(id);
      node.save(ready.hardState, ready.entries, ready.snapshot);
      node.apply(ready.committedEntries);
    }
    this.#messages.add(ready.messages);
    for (const message of local) (message.type === MessageType.StorageAppend ? appendWork : applyWork).push(message);
    if (!usesAsyncStorageWrites) rawNode.advance();
  }

  /** Does the oldest work of the node's append thread, and sends its responses. */
  processAppendThread(node: InteractionNode): void {
    const message = node.appendWork.shift();
    if (message === undefined) {
      this.output.write('no append work to perform');
      return;
    }
    this.output.writeLine('Processing:');
    this.output.writeLine(describeMessage(withoutResponses(message)));
    const { term, vote, commit, entries, snapshot } = message;
    const isEmpty = term === 0 && vote === 0 && commit === 0;
    node.save(isEmpty ? undefined : { term, vote, commit }, entries, snapshot);
    this.#sendResponses(message);
  }

  /** Does the oldest work of the node's apply thread, and sends its responses. */
  processApplyThread(node: InteractionNode): void {
    const message = node.applyWork.shift();
    if (message === undefined) {
      this.output.write('no apply work to perform');
      return;
    }
    this.output.writeLine('Processing:');
    this.output.writeLine(describeMessage(withoutResponses(message)));
    node.apply(message.entries);
    this.#sendResponses(message);
  }

  /** Delivers or drops, recipient by recipient. Returns how many messages that were. */
  deliver(recipients: readonly Recipient[], type?: number): number {
    let count = 0;
    for (const { id, isDropped } of recipients) {
      const messages = isDropped ? this.#messages.takeToDrop(id, type) : this.#messages.take(id, type);
      count += messages.length;
      for (const message of messages) {
        this.output.writeLine(`${isDropped ? 'dropped: ' : ''}${describeMessage(message)}`);
        if (!isDropped) this.#step(message);
      }
    }
    return count;
  }

  /** Handles Readys, messages and the work of threads of these nodes, in rounds, until nothing is left to do. */
  stabilize(nodes: readonly InteractionNode[]): void {
    let isDone = false;
    while (!isDone) {
      isDone = true;
      const act = (node: InteractionNode, title: string, run: () => void): void => {
        isDone = false;
        this.output.writeLine(`> ${node.id} ${title}`);
        this.output.indented(run);
      };
      for (const node of nodes) {
        if (node.rawNode.hasReady()) act(node, 'handling Ready', () => this.processReady(node));
      }
      for (const node of nodes) {
        if (!this.#messages.hasFor(node.id)) continue;
        act(node, 'receiving messages', () => this.deliver([{ id: node.id, isDropped: false }]));
      }
      for (const node of nodes) {
        if (node.appendWork.length === 0) continue;
        act(node, 'processing append thread', () => {
          while (node.appendWork.length > 0) this.processAppendThread(node);
        });
      }
      for (const node of nodes) {
        if (node.applyWork.length === 0) continue;
        act(node, 'processing apply thread', () => {
          while (node.applyWork.length > 0) this.processApplyThread(node);
        });
      }
    }
  }

  /** Prints the stable log of the node. */
  describeLog({ storage }: InteractionNode): void {
    const first = storage.firstIndex();
    const last = storage.lastIndex();
    if (last < first) {
      this.output.write(`log is empty: first index=${first}, last index=${last}`);
      return;
    }
    const entries = storage.entries(first, last + 1, Infinity);
    this.output.write(typeof entries === 'string' ? entries : describeEntries(entries));
  }

  #sendResponses({ responses }: Message): void {
    this.output.writeLine('Responses:');
    for (const response of responses) this.output.writeLine(describeMessage(response));
    this.#messages.add(responses);
  }

  #step(message: Message): void {
    const result = this.node(message.to).rawNode.step(message);
    if (result !== 'ok') this.output.writeLine(STEP_ERRORS[result] ?? `refused: ${result}`);
  }

  #log(event: TraceEvent): void {
    const line = logLineOf(event);
    if (line !== undefined) this.output.log(line.level, line.text);
  }
}
