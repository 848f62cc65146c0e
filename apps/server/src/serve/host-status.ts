import type { NodeStatus } from '@flotilla/cluster';

/** What the server process adds to what its node says of itself. */
export interface HostStatus {
  readonly pid: number;
  readonly version: string;
  /** Address of the HTTP server. */
  readonly http: string;
  /** Absolute path. */
  readonly dataFolder: string;
  readonly uptimeMs: number;
}

/** What `/status` answers: this node's own view, which needs no leader anywhere. */
export type ServerStatus = NodeStatus & HostStatus;
