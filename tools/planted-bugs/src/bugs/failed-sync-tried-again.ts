import type { PlantedBug } from '../planted-bug.js';

/** ATC 2020: pages marked clean after a failed fsync. */
export const failedSyncTriedAgain: PlantedBug = {
  name: 'failed-sync-tried-again',
  classes: ['row 21'],
  seen: 'ATC 2020: pages marked clean after a failed fsync',
  patches: [
    {
      file: 'packages/storage/src/segmented-log/file-log-engine.ts',
      find: [
        '      await segment.handle.writeAt(segment.end, sealBatch(write.writer, this.#lastSequence + 1));',
        '    } catch (error) {',
        "      this.#die('append', error, write);",
        '      return;',
        '    }',
      ].join('\n'),
      replace: [
        '      await segment.handle.writeAt(segment.end, sealBatch(write.writer, this.#lastSequence + 1));',
        '    } catch {',
        '      // The next sync will do.',
        '    }',
      ].join('\n'),
    },
  ],
  breaks: 'A batch whose write failed is taken for durable.',
  expected: ['committed-on-quorum', 'acknowledged-present', 'no-stopped-group'],
};
