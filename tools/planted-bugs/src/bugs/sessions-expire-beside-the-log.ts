import type { PlantedBug } from '../planted-bug.js';

/** Thesis, section 6.3: expiry must be decided by the log. */
export const sessionsExpireBesideTheLog: PlantedBug = {
  name: 'sessions-expire-beside-the-log',
  classes: ['row 9'],
  seen: 'Thesis, section 6.3: expiry must be decided by the log',
  patches: [
    {
      file: 'packages/cluster/src/session/session-expiry.ts',
      find: "    this.#groups.submit(group, encodeSessionEnvelope({ kind: 'expire', sessions: expired }), this.#sink, 0);",
      replace: [
        '    const table = machine.sessions as unknown as { end(clientId: Uint8Array, vshard: number, sequence: number): void };',
        '    for (const { clientId, vshard, sequence } of expired) table.end(clientId, vshard, sequence);',
      ].join('\n'),
    },
  ],
  breaks: "The leader alone forgets a session; the replicas' states differ.",
  expected: ['equal-state'],
};
