import { type Entry, EntryType, asConfChangeV2, decodeConfChange, decodeConfChangeV2 } from '@flotilla/raft-core';
import { formatConfChanges } from './conf-change.js';
import { entryTypeName } from './names.js';
import { quoteBytes } from './quote.js';

/** `1/12 EntryNormal "prop_1"`, `1/4 EntryConfChangeV2 v2 l3`. */
export function describeEntry(entry: Entry): string {
  const content = describeContent(entry);
  return `${entry.term}/${entry.index} ${entryTypeName(entry.type)}${content === '' ? '' : ` ${content}`}`;
}

/** A line for each entry. */
export function describeEntries(entries: readonly Entry[]): string {
  return entries.map((entry) => `${describeEntry(entry)}\n`).join('');
}

function describeContent({ type, data }: Entry): string {
  if (type === EntryType.Normal) return quoteBytes(data);
  const change = type === EntryType.ConfChange ? decodeConfChange(data) : decodeConfChangeV2(data);
  return change.kind === 'malformed'
    ? `malformed conf change: ${change.reason}`
    : formatConfChanges(asConfChangeV2(change).changes);
}
