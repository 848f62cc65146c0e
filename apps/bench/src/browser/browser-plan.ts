/** What keeps a batch: an engine of ours, or the same bytes put there without us. */
export const ENGINES = ['raw indexeddb', 'indexeddb', 'raw opfs', 'opfs'] as const;

/** One of {@link ENGINES}. */
export type EngineName = (typeof ENGINES)[number];

/** Batches of one shape, each durable before its place is taken by the next. */
export interface BatchShape {
  readonly groups: number;
  /** Entries of each group, 256 bytes each. */
  readonly entries: number;
  /** Batches under way at a time. */
  readonly outstanding: number;
}

/** What a page is told to measure of its storage. */
export interface StoragePlan {
  readonly shapes: readonly BatchShape[];
  readonly seconds: number;
  readonly runs: number;
}

/** Times in ms. */
export interface CommitRate {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

/** The runs of one engine with batches of one shape. */
export interface StorageFigures {
  readonly engine: EngineName;
  readonly shape: BatchShape;
  readonly runs: readonly CommitRate[];
}

/** What a page is told to measure of a cluster in it. */
export interface ClusterPlan {
  readonly clients: readonly number[];
  readonly valueBytes: number;
  readonly numGroups: number;
  readonly seconds: number;
  readonly runs: number;
}

/** The runs of so many clients. */
export interface ClusterFigures {
  readonly clients: number;
  readonly runs: readonly CommitRate[];
}

/** What the page's program gives to whoever drives the browser. */
export interface BenchPage {
  storage(plan: StoragePlan): Promise<readonly StorageFigures[]>;
  cluster(plan: ClusterPlan): Promise<readonly ClusterFigures[]>;
}

/** Bytes of an entry. */
export const ENTRY_BYTES = 256;
