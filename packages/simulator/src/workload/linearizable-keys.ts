import { checkLinearizability, drawText, keyValue } from '@flotilla/linearizability';
import type { History } from '@flotilla/linearizability';
import { violated } from '../invariants/invariant.js';
import type { ClientInput, ClientOutput } from './client-history.js';

/** Of one run; counted in steps, so that a run is the same on every machine. */
const BUDGET = { steps: 2_000_000, configurations: 500_000 };

/** How many keys were checked. */
export interface CheckedKeys {
  readonly keys: number;
  readonly operations: number;
  /** Keys whose histories were too hard to decide. */
  readonly undecided: number;
}

/** Clients' histories, key by key. @throws {InvariantViolation} with a picture of what cannot be explained */
export function checkKeys(history: History<ClientInput, ClientOutput>): CheckedKeys {
  const model = keyValue();
  const verdict = checkLinearizability(model, history, { budget: BUDGET });
  if (verdict.verdict === 'not-linearizable') {
    violated('linearizability', drawText(model, verdict, { operationsMax: 24, partitionsMax: 1 }));
  }
  return {
    keys: verdict.partitions.length,
    operations: history.length,
    undecided: verdict.partitions.filter((partition) => partition.verdict === 'unknown').length,
  };
}
