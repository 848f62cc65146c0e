/** How often the network has done what it was told to, so that a run without its fault can be told. */
export interface InjectedFaults {
  /** Messages, and steps of connections, that were lost to a cut or a node that was down. */
  lost: number;
  /** Messages held up by a clogged link. */
  held: number;
  /** Messages that waited for a retransmission. */
  stalled: number;
  /** Connections broken. */
  broken: number;
  /** Nodes crashed. */
  crashed: number;
  /** Messages that took 1 ms or more to send, or to wait for those before them, for want of bandwidth. */
  throttled: number;
}

/** What a fault of the network did. */
export type NetworkEffect = keyof InjectedFaults;
