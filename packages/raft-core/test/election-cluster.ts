import { createMessage, type Message, type MessageType } from '../src/index.js';
import { type TestCluster, typeName } from './test-cluster.js';

/** Groups of three and five voters. */
export const three = { voters: [1, 2, 3] } as const;

/** See `three`. */
export const five = { voters: [1, 2, 3, 4, 5] } as const;

/** A message with all fields that are not given at their defaults. */
export const message = (type: MessageType, from: number, to: number, fields: Partial<Message> = {}): Message =>
  createMessage({ type, from, to, ...fields });

/** What a node answers, in words, once it has nothing more to do by itself. */
export function replies(cluster: TestCluster, id: number): readonly string[] {
  cluster.settle(id);
  return cluster.messages.map(
    ({ type, to, term, reject }) => `${typeName(type)} to ${to} term ${term}${reject ? ' rejected' : ''}`,
  );
}
