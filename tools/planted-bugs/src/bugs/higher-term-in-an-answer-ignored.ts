import type { PlantedBug } from '../planted-bug.js';

/** A deposed leader that takes the answers of a later term for its own. */
export const higherTermInAnAnswerIgnored: PlantedBug = {
  name: 'higher-term-in-an-answer-ignored',
  classes: ['row 3', 'row 24'],
  seen: 'A deposed leader that takes the answers of a later term for its own',
  patches: [
    {
      file: 'packages/raft-core/src/role/step.ts',
      find: '  if (type === MessageType.PreVote || (type === MessageType.PreVoteResp && !message.reject)) return;',
      replace: [
        '  if (type === MessageType.PreVote || (type === MessageType.PreVoteResp && !message.reject)) return;',
        '  if (type === MessageType.AppResp || type === MessageType.HeartbeatResp) return;',
      ].join('\n'),
    },
  ],
  breaks: 'Acknowledgements of a later term count for entries and reads of the old one.',
  expected: ['linearizability', 'committed-on-quorum', 'log-matching'],
  scenario: 'lost-campaign',
};
