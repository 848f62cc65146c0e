/** What this chapter reads of the routing table, which group 0 owns. */
export interface VshardRouting {
  /** The group that holds the vShard; undefined while unmapped. */
  groupForVshard(vshard: number): number | undefined;
  /** How many vShards the group holds. */
  vshardCount(group: number): number;
}

/** Where nodes can be dialled, for redirects. */
export interface AddressBook {
  /** The advertised address of a node; undefined when unknown, or reachable only over connections that it opened. */
  addressOf(node: number): string | undefined;
}
