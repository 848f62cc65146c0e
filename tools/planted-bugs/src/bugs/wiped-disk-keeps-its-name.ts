import type { PlantedBug } from '../planted-bug.js';

/** RedisRaft #17; dragonboat #256: a node with an empty disk votes as the node that it was. */
export const wipedDiskKeepsItsName: PlantedBug = {
  name: 'wiped-disk-keeps-its-name',
  classes: ['row 16'],
  seen: 'RedisRaft #17; dragonboat #256: a node with an empty disk votes as the node that it was',
  patches: [
    {
      file: 'packages/routing/src/topology/admission.ts',
      find: [
        '  if (known.incarnation !== request.incarnation) {',
        '    return refused(sharesAddress(known, node) ? wiped(id) : collision(id, `belongs to the node at ${placeOf(known)}`));',
        '  }',
      ].join('\n'),
      replace:
        "  if (known.incarnation !== request.incarnation) return { kind: 'moved', node: { ...known, incarnation: request.incarnation, addresses: node.addresses } };",
    },
    {
      file: 'packages/cluster/src/liveness/hello-judgement.ts',
      find: [
        '  if (known.incarnation !== incarnation) throw unknownIncarnation(nodeId, known.incarnation, incarnation);',
        '',
      ].join('\n'),
      replace: '',
    },
  ],
  breaks: 'A replica that lost its log acknowledges and votes again under its old id.',
  expected: ['promises-kept', 'committed-on-quorum', 'leader-completeness'],
};
