import type { Message } from '@flotilla/raft-core';
import { describeEntry } from './entry.js';
import { messageTypeName } from './names.js';
import { describeTarget } from './node-id.js';
import { describeSnapshot } from './snapshot.js';

/**
 * `1->2 MsgApp Term:1 Log:1/2 Commit:2 Entries:[1/3 EntryNormal ""]`. More entries, a snapshot and responses stand on
 * lines of their own. The context of reads is not printed.
 */
export function describeMessage(message: Message, indent: string = ''): string {
  const { from, to, type, term, logTerm, index } = message;
  let text = `${indent}${describeTarget(from)}->${describeTarget(to)} ${messageTypeName(type)}`;
  text += ` Term:${term} Log:${logTerm}/${index}`;
  if (message.reject) text += ` Rejected (Hint: ${message.rejectHint})`;
  if (message.commit !== 0) text += ` Commit:${message.commit}`;
  if (message.vote !== 0) text += ` Vote:${message.vote}`;
  text += describeEntriesOf(message, indent);
  if (message.snapshot !== undefined && message.snapshot.index !== 0) {
    text += `\n${indent}  Snapshot: ${describeSnapshot(message.snapshot)}`;
  }
  if (message.responses.length > 0) {
    const responses = message.responses.map((response) => `${describeMessage(response, `${indent}  `)}\n`);
    text += ` Responses:[\n${responses.join('')}${indent}]`;
  }
  return text;
}

function describeEntriesOf({ entries }: Message, indent: string): string {
  const [first, ...more] = entries;
  if (first === undefined) return '';
  if (more.length === 0) return ` Entries:[${describeEntry(first)}]`;
  return ` Entries:[${entries.map((entry) => `\n${indent}  ${describeEntry(entry)}`).join('')}\n${indent}]`;
}
