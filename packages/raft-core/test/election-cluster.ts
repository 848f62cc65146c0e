import { createMessage, MessageType, type Message } from '../src/index.js';
import { TestCluster, typeName } from './test-cluster.js';

export const three = { voters: [1, 2, 3] } as const;

export const five = { voters: [1, 2, 3, 4, 5] } as const;

export const message = (type: MessageType, from: number, to: number, fields: Partial<Message> = {}): Message =>
  createMessage({ type, from, to, ...fields });

export function replies(cluster: TestCluster, id: number): readonly string[] {
  cluster.settle(id);
  return cluster.messages.map(
    ({ type, to, term, reject }) => `${typeName(type)} to ${to} term ${term}${reject ? ' rejected' : ''}`,
  );
}
