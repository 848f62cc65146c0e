import { isFlotillaError } from '@flotilla/errors';
import { SECTOR_BYTES } from '../files.js';
import { type CompactedContent, type CompactionPlan, copyLive, planCompaction } from './compaction.js';
import type { LogIndex } from './log-index.js';
import type { SegmentFiles } from './segment-files.js';
import type { SegmentSupply } from './segment-supply.js';
import { wholeSectors } from './sectors.js';
import type { Segment } from './segment.js';

/** What the compactor works on: the engine's own, changed in place. */
export interface CompactorParts {
  readonly files: SegmentFiles;
  readonly supply: SegmentSupply;
  readonly index: LogIndex;
  /** The live segments in order; the last one is the active one, which is never compacted. */
  readonly chain: Segment[];
  readonly segmentBytes: number;
  readonly cancelled: () => boolean;
}

/**
 * Rewrites the beginning of the log beside the path of appends. Safe to cut short at every step: the compacted segment counts from the
 * moment its header is written, and from that moment on its sources do not.
 */
export class LogCompactor {
  readonly #parts: CompactorParts;
  #generation: number;
  #runs = 0;
  /** Live bytes of a plan that found no room or no gain, and its last source: not tried again before it has shrunk. */
  #refused: { readonly last: Segment | undefined; readonly liveBytes: number } | undefined;

  constructor(parts: CompactorParts) {
    this.#parts = parts;
    this.#generation = 0;
    for (const { header } of parts.chain) {
      if (header.state === 'compacted') this.#generation = Math.max(this.#generation, header.generation);
    }
  }

  /** Compactions that freed space, so far. */
  get runs(): number {
    return this.#runs;
  }

  /** What there is to do. */
  plan(): CompactionPlan | undefined {
    const { chain, segmentBytes, supply } = this.#parts;
    if (chain.length < 2) return undefined;
    const plan = planCompaction(chain.slice(0, -1), segmentBytes, supply.isFull);
    if (plan === undefined || this.#refused === undefined) return plan;
    const isSmaller = plan.liveBytes < this.#refused.liveBytes * 0.75;
    return isSmaller || plan.sources.at(-1) !== this.#refused.last ? plan : undefined;
  }

  /** Does it. Resolves with whether space was freed. @throws StorageCorrupt, StorageFailed */
  async run(plan: CompactionPlan): Promise<boolean> {
    const { files, supply, index, chain } = this.#parts;
    const copied = await this.#copy(plan);
    if (copied === undefined) return false;
    const { target, content } = copied;
    const first = plan.sources[0];
    const last = plan.sources.at(-1);
    const next = chain[plan.sources.length];
    if (first === undefined || last === undefined || next === undefined) return false;
    await files.label(target, {
      state: 'compacted',
      first: first.first,
      last: last.last,
      generation: ++this.#generation,
      lastSequence: last.lastSequence,
      ...content,
    });
    target.end = SECTOR_BYTES + content.contentBytes;
    target.lastSequence = last.lastSequence;
    chain.splice(0, plan.sources.length, target);
    index.retarget(new Set(plan.sources), target);
    target.liveBytesAtFirst = target.liveBytes;
    this.#refused = undefined;
    for (const source of plan.sources) await supply.release(source);
    this.#runs++;
    return true;
  }

  /** Writes what is live to a free segment that is large enough. Undefined: cancelled, no room, or not worth it after all. */
  async #copy(plan: CompactionPlan): Promise<{ target: Segment; content: CompactedContent } | undefined> {
    const { supply, index, cancelled, segmentBytes } = this.#parts;
    const held = plan.sources.reduce((bytes, source) => bytes + source.capacityBytes, 0);
    let capacityBytes = Math.max(segmentBytes, SECTOR_BYTES + wholeSectors(plan.liveBytes));
    for (;;) {
      const target = await this.#takeTarget(plan, capacityBytes);
      if (target === undefined) return undefined;
      const content = await copyLive(plan.sources, target, index, cancelled);
      if (content !== undefined && SECTOR_BYTES + content.contentBytes <= target.capacityBytes)
        return { target, content };
      await supply.keep(target);
      if (content === undefined) return undefined;
      // The estimate was too low. What is live only shrinks, so what was counted will do.
      capacityBytes = SECTOR_BYTES + content.contentBytes;
      if (capacityBytes >= held) {
        this.#refuse(plan);
        return undefined;
      }
    }
  }

  async #takeTarget(plan: CompactionPlan, capacityBytes: number): Promise<Segment | undefined> {
    try {
      return await this.#parts.supply.takeTarget(capacityBytes);
    } catch (error) {
      if (!isFlotillaError(error, 'StorageFull')) throw error;
      this.#refuse(plan);
      return undefined;
    }
  }

  #refuse(plan: CompactionPlan): void {
    this.#refused = { last: plan.sources.at(-1), liveBytes: plan.liveBytes };
  }
}
