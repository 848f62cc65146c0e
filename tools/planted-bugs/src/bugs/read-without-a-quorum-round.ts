import type { PlantedBug } from '../planted-bug.js';

/** etcd 0.4 with quorum=false, Consul 2014, RedisRaft #19. */
export const readWithoutAQuorumRound: PlantedBug = {
  name: 'read-without-a-quorum-round',
  classes: ['row 1'],
  seen: 'etcd 0.4 with quorum=false, Consul 2014, RedisRaft #19',
  patches: [
    {
      file: 'packages/raft-core/src/read-index/read-index.ts',
      find: "  if (isAlone || raft.config.readOnly === 'lease-based') {",
      replace: '  if (isAlone || raft.role === Role.Leader) {',
    },
    {
      file: 'packages/raft-core/src/read-index/read-index.ts',
      find: ["import type { Raft } from '../role/raft.js';", ''].join('\n'),
      replace: [
        "import { Role } from '../raw-node/ready.js';",
        "import type { Raft } from '../role/raft.js';",
        '',
      ].join('\n'),
    },
  ],
  breaks: 'A leader that was deposed and does not know it yet serves what it has.',
  expected: ['linearizability'],
  scenario: 'isolated-leader',
};
