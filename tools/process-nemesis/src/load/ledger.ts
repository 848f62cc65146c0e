import { HistoryRecorder, type Operation } from '@flotilla/linearizability';
import type { Answer, Request } from './operation.js';

/** How many operations ended how. */
export interface Outcomes {
  ok: number;
  /** Definitely not applied. */
  failed: number;
  indeterminate: number;
}

/** All that clients asked and were told in one round. */
export class Ledger {
  readonly recorder: HistoryRecorder<Request, Answer> = new HistoryRecorder({ now: () => performance.now() });
  readonly outcomes: Outcomes = { ok: 0, failed: 0, indeterminate: 0 };
  /** Values whose write was said to be definitely not applied: nobody may ever see one. */
  readonly refused: Map<string, string> = new Map();
  /** Values whose write was acknowledged, with their key. */
  readonly acknowledged: Map<string, string> = new Map();
  /** The group of each key, once known. */
  readonly groups: Map<string, number> = new Map();
  /** What must never happen between a client and a server, in words. */
  readonly complaints: string[] = [];

  /** What was recorded, in the order of calls. */
  history(): readonly Operation<Request, Answer>[] {
    return this.recorder.history();
  }
}
