import type { HardState, Message, Ready } from '@flotilla/raft-core';
import { describeEntries } from './entry.js';
import { describeMessage } from './message.js';
import { roleName } from './names.js';
import { describeSnapshot } from './snapshot.js';

/** `Term:1 Vote:1 Commit:3` */
export function describeHardState({ term, vote, commit }: HardState): string {
  return `Term:${term}${vote === 0 ? '' : ` Vote:${vote}`} Commit:${commit}`;
}

/** All parts of a Ready that are there, in etcd/raft's order. `messages` take the place of the Ready's own. */
export function describeReady(ready: Ready, messages: readonly Message[]): string {
  const { softState, hardState, readStates, entries, snapshot, committedEntries } = ready;
  let text = '';
  if (softState !== undefined) text += `Lead:${softState.leader} State:${roleName(softState.role)}\n`;
  if (hardState !== undefined) text += `HardState ${describeHardState(hardState)}\n`;
  if (readStates.length > 0) {
    text += `ReadStates [${readStates.map(({ index, context }) => `{${index} ${context}}`).join(' ')}]\n`;
  }
  if (entries.length > 0) text += `Entries:\n${describeEntries(entries)}`;
  if (snapshot !== undefined) text += `Snapshot ${describeSnapshot(snapshot)}\n`;
  if (committedEntries.length > 0) text += `CommittedEntries:\n${describeEntries(committedEntries)}`;
  if (messages.length > 0) text += `Messages:\n${messages.map((message) => `${describeMessage(message)}\n`).join('')}`;
  return text === '' ? '<empty Ready>' : `Ready MustSync=${ready.mustSync}:\n${text}`;
}
