import { ConfChangeType, type ConfChangeSingle, type ConfChangeV2 } from '@flotilla/raft-core';
import { DirectiveError } from '../datadriven/directive.js';
import { confChangeTypeName, transitionName } from './names.js';
import { quoteBytes } from './quote.js';

const LETTERS: readonly (readonly [string, ConfChangeType])[] = [
  ['v', ConfChangeType.AddNode],
  ['l', ConfChangeType.AddLearnerNode],
  ['r', ConfChangeType.RemoveNode],
  ['u', ConfChangeType.UpdateNode],
];
const typeByLetter: ReadonlyMap<string, ConfChangeType> = new Map(LETTERS);
const letterByType: ReadonlyMap<number, string> = new Map(LETTERS.map(([letter, type]) => [type, letter]));

/**
 * Parses `v1 l2 r3 u4`: voter, learner, remove, update, each with an id. The empty text is no change at all.
 * Throws DirectiveError on other words.
 */
export function parseConfChanges(text: string): readonly ConfChangeSingle[] {
  const trimmed = text.trim();
  return trimmed === '' ? [] : trimmed.split(' ').map(parseConfChange);
}

function parseConfChange(word: string): ConfChangeSingle {
  if (word.length < 2) throw new DirectiveError(`unknown token ${word}`);
  const type = typeByLetter.get(word.charAt(0));
  if (type === undefined) throw new DirectiveError(`unknown input: ${word}`);
  const digits = word.slice(1);
  if (!/^\d+$/.test(digits)) throw new DirectiveError(`strconv.ParseUint: parsing "${digits}": invalid syntax`);
  return { type, nodeId: Number(digits) };
}

/** The inverse of `parseConfChanges`. */
export function formatConfChanges(changes: readonly ConfChangeSingle[]): string {
  return changes.map(({ type, nodeId }) => `${letterByType.get(type) ?? 'unknown'}${nodeId}`).join(' ');
}

/** `transition:ConfChangeTransitionAuto changes:{type:ConfChangeAddNode node_id:3}` */
export function describeConfChange({ transition, changes, context }: ConfChangeV2): string {
  const listed = changes.map(({ type, nodeId }) => ` changes:{type:${confChangeTypeName(type)} node_id:${nodeId}}`);
  const suffix = context.length > 0 ? ` context:${quoteBytes(context)}` : '';
  return `transition:${transitionName(transition)}${listed.join('')}${suffix}`;
}
