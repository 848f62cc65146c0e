import type { StateMachine } from '@flotilla/cluster';
import { KvStateMachine } from './kv-state-machine.js';

/**
 * The key-value stores of a node's groups: makes the state machine of each group that the node opens, and finds it again for
 * reads and watches.
 */
export class KvGroups {
  readonly #machines = new Map<number, KvStateMachine>();
  readonly #wrap: (machine: StateMachine, group: number) => StateMachine;
  readonly #listeners = new Set<(group: number, machine: KvStateMachine) => void>();

  /** @param wrap Puts exactly-once sessions, or anything else, around each state machine; by default nothing. */
  constructor(wrap: (machine: StateMachine, group: number) => StateMachine = (machine) => machine) {
    this.#wrap = wrap;
  }

  /** To be given to the node as its factory of state machines: makes a fresh one for a group that is opened. */
  readonly stateMachine: (group: number) => StateMachine = (group) => {
    const machine = new KvStateMachine();
    this.#machines.set(group, machine);
    for (const listener of this.#listeners) listener(group, machine);
    return this.#wrap(machine, group);
  };

  /** The state machine of a group; undefined where this node never opened the group. */
  machine(group: number): KvStateMachine | undefined {
    return this.#machines.get(group);
  }

  /** Forgets a group that left this node. */
  drop(group: number): void {
    this.#machines.delete(group);
  }

  /** Groups with a store, in no order. */
  groups(): number[] {
    return [...this.#machines.keys()];
  }

  /** Tells of each state machine that is made from now on, until the returned function is called. */
  onOpened(listener: (group: number, machine: KvStateMachine) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
