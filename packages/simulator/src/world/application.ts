import type { ClusterNode, StateMachine } from '@flotilla/cluster';
import type { Runtime } from '@flotilla/runtime';

/** What runs on the nodes of a simulated cluster. */
export interface Application {
  /** Its part in one life of a node's process, made before the node starts. */
  open(life: ApplicationLife): ApplicationInstance;
}

/** The life of a process that an instance is made for. */
export interface ApplicationLife {
  /** Name of the machine. */
  readonly node: string;
  readonly runtime: Runtime;
}

/** An application in one life of one node's process. */
export interface ApplicationInstance {
  /** A fresh state machine for a group that the node opens. */
  stateMachine(group: number): StateMachine;
  /** The node listens. */
  started?(node: ClusterNode): void;
  /** Before the node stops in good order; not called when its process dies. */
  stop?(): Promise<void>;
}
