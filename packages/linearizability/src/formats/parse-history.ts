import { type History, isIndeterminate } from '../history/operation.js';
import type { Model } from '../model/model.js';
import { compareAndSetRegister } from '../models/compare-and-set-register.js';
import { keyValue } from '../models/key-value.js';
import { parseEtcdJepsen } from './etcd-jepsen.js';
import { parseJsonLines } from './json-lines.js';
import { MalformedFile } from './malformed-file.js';
import { misfit, NAMED_MODELS } from './named-models.js';
import { parsePorcupineKv } from './porcupine-kv.js';

/** Formats of files that can be read. */
export type HistoryFormat = 'etcd-jepsen' | 'porcupine-kv' | 'jsonl';

/** All formats. */
export const HISTORY_FORMATS: readonly HistoryFormat[] = ['etcd-jepsen', 'porcupine-kv', 'jsonl'];

/** A history and the model to check it against. */
export interface ParsedHistory {
  readonly model: Model<unknown, unknown, unknown>;
  readonly history: History<unknown, unknown>;
}

/**
 * Reads a history in one of the formats. The first two have their model; for `jsonl` it is `modelName`, else what the file itself names.
 * @throws {MalformedFile} naming the line.
 */
export function parseHistory(format: HistoryFormat, text: string, modelName?: string): ParsedHistory {
  switch (format) {
    case 'etcd-jepsen':
      return { model: compareAndSetRegister<number>(), history: parseEtcdJepsen(text) };
    case 'porcupine-kv':
      return { model: keyValue({ absent: '' }), history: parsePorcupineKv(text) };
    case 'jsonl':
      return parseNamed(text, modelName);
  }
}

function parseNamed(text: string, modelName: string | undefined): ParsedHistory {
  const { model, history, lines } = parseJsonLines(text);
  const name = modelName ?? model;
  const known = Object.keys(NAMED_MODELS).join(', ');
  if (name === undefined) throw new MalformedFile(0, `no model is named; there are ${known}`);
  const named = Object.hasOwn(NAMED_MODELS, name) ? NAMED_MODELS[name] : undefined;
  if (named === undefined) throw new MalformedFile(0, `no model is called ${name}; there are ${known}`);
  for (const [index, operation] of history.entries()) {
    const reason = misfit(named, operation.input, isIndeterminate(operation) ? undefined : operation.output);
    if (reason !== undefined) throw new MalformedFile(lines[index] ?? 0, reason);
  }
  return { model: named.model, history };
}
