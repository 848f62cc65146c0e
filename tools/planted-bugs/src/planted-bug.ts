import type { CrashLayer } from './try-crash-points.js';

/** One change of one source file. */
export interface Patch {
  /** From the repository's root on. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that some system had, or that a rule of the literature guards against, as a change of our sources. */
export interface PlantedBug {
  /** Kebab-case; the name of its file. */
  readonly name: string;
  /** What it is an instance of: `row 5` of the table of bug classes, `3.6 …` of the list of bugs of libraries, or a rule of our semantics. */
  readonly classes: readonly string[];
  /** Where it happened, or what the literature says instead. */
  readonly seen: string;
  readonly patches: readonly Patch[];
  /** What goes wrong by it, and so can be observed. */
  readonly breaks: string;
  /** Checkers that are meant to find it; any other may do so too. */
  readonly expected: readonly string[];
  /** Kinds of fault that bring it about: random runs with these alone follow those with all kinds. */
  readonly focus?: readonly string[];
  /** A scenario that shows it, should random runs not meet it soon. */
  readonly scenario?: string;
  /** The crash points that show it, where a simulated cluster does not look so closely at one disk. */
  readonly crashPoints?: CrashLayer;
}
