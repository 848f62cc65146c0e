/** What happens between this node and others. */
export type PeerEvent =
  | { readonly name: 'peer.connected'; readonly peer: number; readonly address: string }
  | { readonly name: 'peer.broken'; readonly peer: number; readonly reason: string }
  /** A hello was refused, by either side. `peer` is 0 where the node behind the address is not known. */
  | { readonly name: 'peer.refused'; readonly peer: number; readonly address: string; readonly error: string }
  /** A request to another node failed. `group` is the group that it was about. */
  | { readonly name: 'rpc.failed'; readonly group: number; readonly peer: number; readonly error: string };
