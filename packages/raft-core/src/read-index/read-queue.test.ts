import { expect, test } from 'vitest';
import { createMessage } from '../message/create.js';
import { MessageType } from '../message/message.js';
import { ReadQueue } from './read-queue.js';

const read = (context: number) => createMessage({ type: MessageType.ReadIndex, to: 1, from: 0, context });
const contexts = (queue: ReadQueue, position: number): number[] =>
  queue.confirmTo(position).map(({ request }) => request.context);

test('positions only grow, and a position is confirmed with all before it', () => {
  const queue = new ReadQueue();
  expect(queue.position).toBe(0);
  expect([queue.add(read(7), 10), queue.add(read(8), 10), queue.add(read(7), 12)]).toEqual([1, 2, 3]);
  expect(contexts(queue, 2)).toEqual([7, 8]);
  expect([queue.position, queue.length]).toEqual([3, 1]);
  expect(queue.add(read(9), 12)).toBe(4);
  expect(contexts(queue, 2)).toEqual([]);
  expect(contexts(queue, 4)).toEqual([7, 9]);
});

test('an acknowledgement of before cannot confirm a read of after, even with the same context', () => {
  const queue = new ReadQueue();
  queue.add(read(1), 10);
  expect(contexts(queue, 1)).toEqual([1]);
  queue.add(read(1), 20);
  expect(contexts(queue, 1)).toEqual([]);
});

test('no voters at all confirm what is there, not what is to come', () => {
  const queue = new ReadQueue();
  queue.add(read(1), 10);
  expect(contexts(queue, Infinity)).toEqual([1]);
  expect(queue.confirmed).toBe(1);
});
