import type { NodeStatus } from '@flotilla/cluster';
import type { CertificateStatus } from '../certificates/identity-keeper.js';

/** What the server process adds to what its node says of itself. */
export interface HostStatus {
  readonly pid: number;
  readonly version: string;
  /** Address of the HTTP server. */
  readonly http: string;
  /** Absolute path. */
  readonly dataFolder: string;
  readonly uptimeMs: number;
  /** The certificate that it shows; null without TLS. */
  readonly certificate: CertificateStatus | null;
}

/** What `/status` answers: this node's own view, which needs no leader anywhere. */
export type ServerStatus = NodeStatus & HostStatus;
