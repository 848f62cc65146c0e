import type { PlantedBug } from '../planted-bug.js';

/** A client that takes a broken connection for a failure. */
export const lostWriteCalledDefinite: PlantedBug = {
  name: 'lost-write-called-definite',
  classes: ['row 23'],
  seen: 'A client that takes a broken connection for a failure',
  patches: [
    {
      file: 'packages/client/src/request/request-engine.ts',
      find: "    return request.uncertain || request.isSent ? 'unknown' : 'definite';",
      replace: "    return request.uncertain && request.isSent ? 'unknown' : 'definite';",
    },
    {
      file: 'packages/client/src/request/request-engine.ts',
      find: "    const unknown = sent && error.outcome === 'unknown' && request.spec.kind === 'write';",
      replace:
        "    const unknown = sent && error.outcome === 'unknown' && request.spec.kind === 'write' && request.attempts > 1;",
    },
  ],
  breaks: 'A write whose connection broke is said to have failed, and is applied.',
  expected: ['linearizability'],
};
