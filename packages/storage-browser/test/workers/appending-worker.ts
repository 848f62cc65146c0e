import { openLog } from '../open-log.js';

declare const self: {
  onmessage: ((event: { readonly data: AppendingOrder }) => void) | null;
  postMessage(message: AppendingReport): void;
};

/** What the worker is to do: append without end, or say what is there. */
export interface AppendingOrder {
  readonly name: string;
  readonly kind: 'indexeddb' | 'opfs';
  readonly does: 'append' | 'read';
}

/** Last index that is durable; or, of a reading, last index that was found and whether all are what was written. */
export interface AppendingReport {
  readonly index: number;
  readonly whole: boolean;
  readonly error?: string;
}

async function work({ name, kind, does }: AppendingOrder): Promise<void> {
  const log = await openLog(
    name,
    kind === 'indexeddb' ? { kind, compactFromBytes: 20_000 } : { kind, poolFiles: 8, segmentBytes: 65_536, ageMs: 20 },
  );
  const [group] = await log.recover();
  const entries = group?.entries ?? [];
  const mark = group?.snapshotMark?.index ?? 0;
  let index = entries.at(-1)?.index ?? mark;
  const whole = entries.every((entry) => entry.data.length === 300 && entry.data[0] === (entry.index & 0xff));
  if (does === 'read') {
    await log.close();
    return self.postMessage({ index, whole });
  }
  const confState = { voters: [1], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false };
  for (;;) {
    index++;
    await log.append([
      {
        group: 1,
        hardState: { term: 1, vote: 1, commit: index - 1 },
        entries: [{ term: 1, index, type: 0, data: new Uint8Array(300).fill(index & 0xff) }],
      },
    ]);
    self.postMessage({ index, whole });
    if (index % 40 === 0) {
      await log.append([{ group: 1, snapshotMark: { index: index - 10, term: 1, confState }, compactTo: index - 20 }]);
    }
  }
}

self.onmessage = ({ data }) => {
  work(data).catch((error: unknown) => self.postMessage({ index: -1, whole: false, error: String(error) }));
};
