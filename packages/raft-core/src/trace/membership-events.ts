import type { ConfChange, ConfChangeV2 } from '../conf-change/conf-change.js';
import type { Configuration } from '../conf-change/configuration.js';
import type { ConfChangeRefusal } from '../raw-node/propose-result.js';
import type { Traced, TraceKind } from './trace-kind.js';

/** `… switched to configuration …`. INFO. */
export interface ConfigurationSwitched extends Traced<typeof TraceKind.ConfigurationSwitched> {
  readonly configuration: Configuration;
}

/**
 * `… ignoring conf change … at config …: …`. INFO. The reasons read `possible unapplied conf change at index
 * {pendingConfIndex} (applied to {applied})`, `must transition out of joint config first`, `not in joint state; refusing
 * empty conf change`; `impossible` is ours alone.
 */
export interface ConfChangeIgnored extends Traced<typeof TraceKind.ConfChangeIgnored> {
  readonly change: ConfChange | ConfChangeV2;
  readonly configuration: Configuration;
  readonly reason: ConfChangeRefusal;
  readonly pendingConfIndex: number;
  readonly applied: number;
}

/** `initiating automatic transition out of joint configuration …`. INFO. */
export interface AutoLeaveStarted extends Traced<typeof TraceKind.AutoLeaveStarted> {
  readonly configuration: Configuration;
}

/** `not initiating automatic transition out of joint configuration …: raft proposal dropped`. DEBUG. */
export interface AutoLeaveRefused extends Traced<typeof TraceKind.AutoLeaveRefused> {
  readonly configuration: Configuration;
}

/** What happens about the configuration. */
export type MembershipEvent = ConfigurationSwitched | ConfChangeIgnored | AutoLeaveStarted | AutoLeaveRefused;
