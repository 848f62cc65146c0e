/**
 * Whether the voters could commit anything: a majority of them is heard of. A change of members whose outcome could not would be the last one that
 * its group commits, whatever was known when it was decided.
 */
export function isQuorumHeard(voters: readonly number[], isHeard: (node: number) => boolean): boolean {
  return voters.filter(isHeard).length * 2 > voters.length;
}
