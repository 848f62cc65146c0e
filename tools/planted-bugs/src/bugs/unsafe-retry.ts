import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft #13: retries through a proxy. */
export const unsafeRetry: PlantedBug = {
  name: 'unsafe-retry',
  classes: ['row 9', 'row 23'],
  seen: 'RedisRaft #13: retries through a proxy',
  patches: [
    {
      file: 'packages/client/src/request/retry-rules.ts',
      find: "  return kind !== 'write' || inSession;",
      replace: "  return kind !== 'write' || inSession || kind === 'write';",
    },
  ],
  breaks: 'A write without a session is sent again though it may have been applied.',
  expected: ['linearizability'],
};
