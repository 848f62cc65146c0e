/** What the suite asks its peer to do: the first line, as JSON, of a stream that the suite opens. */
export type Command =
  /** Send back what comes after the line. */
  | { readonly do: 'echo' }
  /** Read to the end, then answer with the running sum. */
  | { readonly do: 'sum' }
  /** Send the pattern of so many bytes, and end. */
  | { readonly do: 'source'; readonly bytes: number; readonly seed: number }
  /** Read nothing more until released, then as `sum`. */
  | { readonly do: 'hold'; readonly tag: string }
  | { readonly do: 'release'; readonly tag: string }
  /** Write the pattern in pieces of 16 KiB, and note how far that came and how it ended. */
  | { readonly do: 'fill'; readonly tag: string; readonly bytes: number; readonly seed: number }
  /** Answer with a `Progress`: how far a `fill` or `watch` has come. */
  | { readonly do: 'progress'; readonly tag: string }
  /** As `progress`, once it is over. */
  | { readonly do: 'outcome'; readonly tag: string }
  /** Read to the end, and note how far that came and how it ended. */
  | { readonly do: 'watch'; readonly tag: string }
  /** Send a word, then abort the writable with this code. */
  | { readonly do: 'abort'; readonly code: number }
  /** Cancel the readable with this code. */
  | { readonly do: 'cancel'; readonly code: number }
  /** Open so many streams at once, say "stream n" on each, and answer with what came back, as a list, once all have ended. */
  | { readonly do: 'open-bidirectional'; readonly count: number }
  /** Open so many streams at once and say "stream n" on each; answer when all have been sent. */
  | { readonly do: 'open-unidirectional'; readonly count: number }
  /** Send so many datagrams that carry their number. */
  | { readonly do: 'send-datagrams'; readonly count: number }
  | { readonly do: 'close'; readonly closeCode: number; readonly reason: string };

/** How far something has come. */
export interface Progress {
  readonly bytes: number;
  /** Undefined while it goes on. */
  readonly end: 'well' | { readonly code: string; readonly streamErrorCode: number | null } | undefined;
}
