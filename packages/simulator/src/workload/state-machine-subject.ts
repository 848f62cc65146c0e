import type { StateMachine } from '@flotilla/cluster';
import type { Model } from '@flotilla/linearizability';
import type { Prng } from '@flotilla/runtime/virtual';
import { StateMachineWorkload } from './state-machine-workload.js';
import type { Subject } from './workload.js';

/** A state machine of one's own, and what it should do. */
export interface StateMachineSubjectOptions<Machine extends StateMachine, State, Input, Output> {
  /** A fresh state machine for a data group. */
  readonly create: (group: number) => Machine;
  /** What the state machine is when nothing is replicated and nothing concurrent: what every group's answers are held against. */
  readonly model: Model<State, Input, Output>;
  /** What a client does next. */
  readonly draw: (prng: Prng) => Input;
  /** The command of an input; undefined for one that only reads, which `read` answers. */
  readonly encode: (input: Input) => Uint8Array | undefined;
  /** What the result of a command says. */
  readonly decode: (result: Uint8Array, input: Input) => Output;
  /** Answers an input without a command, from the state machine of any node that has caught up. */
  readonly read?: (machine: Machine, input: Input) => Output;
}

/**
 * A subject of a state machine of one's own. Clients propose its commands to any node, and read from any; what they did must be linearizable
 * (Herlihy and Wing), what was acknowledged must stay in the log, and all replicas must come to equal states.
 */
export function stateMachineSubject<Machine extends StateMachine, State, Input, Output>(
  options: StateMachineSubjectOptions<Machine, State, Input, Output>,
): Subject {
  return {
    application: { open: () => ({ stateMachine: options.create }) },
    workload: (context) => new StateMachineWorkload(context, options),
  };
}
