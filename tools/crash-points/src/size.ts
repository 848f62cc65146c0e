import type { FlipOptions } from './flips/flips.js';
import type { NodeCrashOptions } from './node/node-crashes.js';
import type { StorageCrashOptions } from './storage/storage-crashes.js';

/** How much is tried. All counts are fixed, so that a run of a seed is the same on every machine. */
export interface Size {
  readonly storage: Omit<StorageCrashOptions, 'seed'>;
  readonly node: Omit<NodeCrashOptions, 'seed'>;
  readonly flips: Omit<FlipOptions, 'seed'>;
  /** Whole files are damaged at every quiet moment of a script of so many rounds. */
  readonly fileDamageRounds: number;
  /** Members of a cluster whose disk is damaged while they are down. */
  readonly damagedMembers: number;
  /** Members of a cluster that get an earlier copy of their whole folder while they are down. */
  readonly rolledBackMembers: number;
  /** Folders of real nodes that are damaged beside that of the script: how many. */
  readonly nodeFolders: number;
}

/** Names of sizes. */
export type SizeName = 'quick' | 'default' | 'full';

/** `quick`: seconds, as a test. `default`: minutes. `full`: everything that can be enumerated, hours. */
export const SIZES: Readonly<Record<SizeName, Size>> = {
  quick: {
    storage: { rounds: 1, survivals: 4, recoveryCrashEvery: 29 },
    node: { steps: 5, powerCuts: 2, secondEvery: 3 },
    flips: { stride: 13, bits: 1, setEvery: 169, sectors: 150 },
    fileDamageRounds: 1,
    damagedMembers: 4,
    rolledBackMembers: 2,
    nodeFolders: 0,
  },
  default: {
    storage: { rounds: 4, survivals: 16, recoveryCrashEvery: 11 },
    node: { steps: 110, powerCuts: 16, secondEvery: 3 },
    flips: { stride: 1, bits: 1, setEvery: 16, sectors: 1500 },
    fileDamageRounds: 6,
    damagedMembers: 60,
    rolledBackMembers: 30,
    nodeFolders: 1,
  },
  full: {
    storage: { rounds: 8, survivals: 64, recoveryCrashEvery: 3 },
    node: { steps: Number.POSITIVE_INFINITY, powerCuts: Number.POSITIVE_INFINITY, secondEvery: 2 },
    flips: { stride: 1, bits: 8, setEvery: 1, sectors: 20_000 },
    fileDamageRounds: 20,
    damagedMembers: 2_000,
    rolledBackMembers: 100,
    nodeFolders: 4,
  },
};
