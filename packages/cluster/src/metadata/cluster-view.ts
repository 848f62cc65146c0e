import { EMPTY_METADATA, type MetadataState } from './metadata-state.js';

/** Whether two states say the same of the cluster: user commands move the index and nothing else. */
export function sameKnowledge(a: MetadataState, b: MetadataState): boolean {
  return (
    a.clusterId === b.clusterId &&
    a.epoch === b.epoch &&
    a.topology.version === b.topology.version &&
    a.routing.version === b.routing.version
  );
}

/** Told after the view moved on in what it says of the cluster. Must not throw. */
export type ViewListener = (state: MetadataState, previous: MetadataState) => void;

/**
 * What this node knows of the cluster: one view, whether it comes from group 0's state machine on this node, from a push of group 0's
 * leader, from a join answer or from the catalog. It only moves forward, by group 0's index.
 */
export class ClusterView {
  #state: MetadataState;
  readonly #listeners = new Set<ViewListener>();

  constructor(initial: MetadataState = EMPTY_METADATA) {
    this.#state = initial;
  }

  get state(): MetadataState {
    return this.#state;
  }

  /** Takes in a state; one that is older, or of a cluster that is not founded yet, changes nothing. Returns whether it was taken. */
  offer(state: MetadataState): boolean {
    if (state.index <= this.#state.index || state.clusterId === undefined) return false;
    const previous = this.#state;
    this.#state = state;
    if (!sameKnowledge(state, previous)) for (const listener of this.#listeners) listener(state, previous);
    return true;
  }

  /** Begins with what the catalog or a join answer says; nobody is told. */
  begin(state: MetadataState): void {
    this.#state = state;
  }

  /** Tells of every later change, until the returned function is called. */
  watch(listener: ViewListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
