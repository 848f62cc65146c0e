import type { PlantedBug } from '../planted-bug.js';

/** A command that fails keeps its first writes. */
export const failedCommandHalfApplied: PlantedBug = {
  name: 'failed-command-half-applied',
  classes: ['kv'],
  seen: 'A command that fails keeps its first writes',
  patches: [
    {
      file: 'packages/kv/src/store/command-execution.ts',
      find: ['  } catch (error) {', '    store.rollback();', '    throw error;', '  }'].join('\n'),
      replace: ['  } catch (error) {', '    store.commit();', '    throw error;', '  }'].join('\n'),
    },
  ],
  breaks: 'A transaction that was refused has done a part of its writes.',
  expected: ['linearizability'],
  scenario: 'failing-transaction',
};
