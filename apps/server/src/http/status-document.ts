/** One group as a node sees it, in `/status`. */
export interface GroupDocument {
  readonly group: number;
  readonly role: string;
  readonly leader: number | null;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly voters: readonly number[];
  readonly learners: readonly number[];
  readonly vshards: number;
}

/** What `/status` answers: this node's own view, which needs no leader. */
export interface StatusDocument {
  readonly node: {
    readonly id: number | null;
    readonly name: string | null;
    readonly pid: number;
    readonly version: string;
    readonly clusterId: string | null;
    readonly incarnation: string | null;
    readonly lifecycle: string;
    readonly epoch: number;
    readonly addresses: readonly string[];
    readonly http: string;
    readonly dataFolder: string;
    readonly uptimeMs: number;
  };
  readonly groups: readonly GroupDocument[];
  readonly peers: readonly {
    readonly id: number;
    readonly name: string | null;
    readonly addresses: readonly string[];
    readonly state: string;
    readonly connected: boolean;
  }[];
}
