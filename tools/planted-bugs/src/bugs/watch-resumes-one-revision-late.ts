import type { PlantedBug } from '../planted-bug.js';

/** etcd: a watch must be reliable and resumable. */
export const watchResumesOneRevisionLate: PlantedBug = {
  name: 'watch-resumes-one-revision-late',
  classes: ['SEMANTICS watch'],
  seen: 'etcd: a watch must be reliable and resumable',
  patches: [
    {
      file: 'packages/client/src/watch/group-watch.ts',
      find: "    return { kind: 'watch', id, group: this.group, ...spec, startRevision: this.#nextRevision, progress: true };",
      replace:
        "    return { kind: 'watch', id, group: this.group, ...spec, startRevision: this.#begun ? this.#nextRevision + 1 : this.#nextRevision, progress: true };",
    },
  ],
  breaks: 'After a break a watcher misses the revision at which it stopped.',
  expected: ['watch'],
};
