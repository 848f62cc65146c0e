/**
 * A broken invariant of this core or of its caller's contract: a bug, never a condition of the environment.
 * The node that threw it is in an unknown state and must not be used again.
 */
export class RaftInvariantError extends Error {
  override readonly name: string = 'RaftInvariantError';
}

/**
 * Asserts what must be true. The message is built only on failure, so that a check costs one branch.
 *
 * @throws RaftInvariantError when `condition` is false
 */
export function invariant(condition: boolean, message: () => string): asserts condition {
  if (!condition) throw new RaftInvariantError(message());
}

/** Fails always: the branch that no value may reach. */
export function unreachable(message: string): never {
  throw new RaftInvariantError(message);
}
