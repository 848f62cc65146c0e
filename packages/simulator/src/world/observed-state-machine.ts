import type { Command, StateMachine } from '@flotilla/cluster';
import type { ReplicaId } from '../observation/observation.js';
import type { Observer } from '../observation/observer.js';
import { stateDigest } from './state-digest.js';

/** States are compared at every index that is a multiple of it: at the same ones on all replicas. */
const DIGEST_EVERY = 64;

/**
 * Lets an observer see what a state machine applies and restores, and digests of its state now and then. The machine stays the object that it
 * is, for the node looks for its class.
 */
export function observeStateMachine(
  machine: StateMachine,
  replica: () => ReplicaId,
  observer: Observer,
  failed: (error: unknown) => void,
): StateMachine {
  const apply = machine.apply.bind(machine);
  const restore = machine.restore.bind(machine);
  /** Index of the last command; undefined while only a snapshot knows it. */
  let last: number | undefined = 0;
  const digest = (index: number): void => {
    const at = replica();
    stateDigest(machine).then(
      (value) => observer.observe({ kind: 'state', replica: at, index, digest: value }),
      failed,
    );
  };
  const applyPart = (commands: readonly Command[]): readonly Uint8Array[] => {
    const results = apply(commands);
    observer.observe({ kind: 'applied', replica: replica(), commands, results });
    return results;
  };
  machine.apply = (commands) => {
    const results: Uint8Array[] = [];
    let from = 0;
    for (const [at, { index }] of commands.entries()) {
      const mark = index - 1 - ((index - 1) % DIGEST_EVERY);
      if (last !== undefined && mark > 0 && last <= mark) {
        if (at > from) results.push(...applyPart(commands.slice(from, at)));
        from = at;
        digest(mark);
      }
      last = index;
    }
    if (from === 0) return applyPart(commands);
    results.push(...applyPart(commands.slice(from)));
    return results;
  };
  machine.restore = async (chunks) => {
    await restore(chunks);
    last = undefined;
    observer.observe({ kind: 'restored', replica: replica() });
  };
  return machine;
}
