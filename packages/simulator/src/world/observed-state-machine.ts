import type { StateMachine } from '@flotilla/cluster';
import type { ReplicaId } from '../observation/observation.js';
import type { Observer } from '../observation/observer.js';

/**
 * Lets an observer see what a state machine applies and restores. The machine stays the object that it is, for the node looks for its class.
 */
export function observeStateMachine(machine: StateMachine, replica: () => ReplicaId, observer: Observer): StateMachine {
  const apply = machine.apply.bind(machine);
  const restore = machine.restore.bind(machine);
  machine.apply = (commands) => {
    const results = apply(commands);
    observer.observe({ kind: 'applied', replica: replica(), commands, results });
    return results;
  };
  machine.restore = async (chunks) => {
    await restore(chunks);
    observer.observe({ kind: 'restored', replica: replica() });
  };
  return machine;
}
