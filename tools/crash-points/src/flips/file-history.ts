import type { MemoryFiles } from '@flotilla/storage/memory';

/** Remembers contents of files as they are when `note` is called. */
export function fileHistory(): { note: (files: MemoryFiles) => void; history: Map<string, Uint8Array[]> } {
  const history = new Map<string, Uint8Array[]>();
  const note = (files: MemoryFiles): void => {
    for (const path of files.paths()) {
      const bytes = files.peek(path) ?? new Uint8Array(0);
      const versions = history.get(path) ?? [];
      const last = versions.at(-1);
      if (last === undefined || last.length !== bytes.length || last.some((byte, at) => byte !== bytes[at])) {
        versions.push(bytes);
      }
      history.set(path, versions);
    }
  };
  return { note, history };
}
