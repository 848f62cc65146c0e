import type { PlantedBug } from '../planted-bug.js';

/** SEMANTICS: a lower confIndex is ignored. */
export const lateMembershipReportAccepted: PlantedBug = {
  name: 'late-membership-report-accepted',
  classes: ['SEMANTICS group 0'],
  seen: 'SEMANTICS: a lower confIndex is ignored',
  patches: [
    {
      file: 'packages/routing/src/routing-table/routing-table.ts',
      find: ['  if (membership.confIndex <= known.confIndex) return table;', ''].join('\n'),
      replace: '',
    },
  ],
  breaks: 'A report of a former leader puts an old membership into the routing table.',
  expected: ['routing-table'],
};
