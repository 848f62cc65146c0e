import type { History, Operation } from '../history/operation.js';
import type { Model } from '../model/model.js';

/** Operations that must be linearizable among themselves. */
export interface Partition<Input, Output> {
  readonly key: string | undefined;
  readonly operations: History<Input, Output>;
}

/**
 * Splits a history by the operations' keys, and by the model's partitions: each part is checked alone (P-compositionality, Horn and
 * Kroening). Where the model has no partition for an operation, operations of that key are not split further.
 */
export function partitionsOf<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
): Partition<Input, Output>[] {
  const byKey = groupBy(history, ({ key }) => key);
  const partitions: Partition<Input, Output>[] = [];
  for (const [key, operations] of byKey) {
    const parts = groupBy(operations, ({ input }) => model.partition?.(input));
    if (parts.has(undefined)) {
      partitions.push({ key, operations });
      continue;
    }
    for (const [part, some] of parts) {
      partitions.push({ key: key === undefined ? part : `${key}/${part ?? ''}`, operations: some });
    }
  }
  return partitions;
}

function groupBy<Input, Output>(
  history: History<Input, Output>,
  nameOf: (operation: Operation<Input, Output>) => string | undefined,
): Map<string | undefined, Operation<Input, Output>[]> {
  const groups = new Map<string | undefined, Operation<Input, Output>[]>();
  for (const operation of history) {
    const name = nameOf(operation);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [operation]);
    else group.push(operation);
  }
  return groups;
}
