import { ExactlyOnce } from '../invariants/exactly-once.js';
import { kvApplication } from '../world/kv-application.js';
import { KvWorkload } from './kv-workload.js';
import type { Subject } from './workload.js';

/** The key-value store with sessions, and clients that use all of it. */
export const kvSubject: Subject = {
  application: kvApplication,
  invariants: () => [new ExactlyOnce()],
  workload: (context) => new KvWorkload(context),
};
