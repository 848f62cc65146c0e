import { ConfChangeTransition, ConfChangeType, EntryType, MessageType, ProgressState, Role } from '@flotilla/raft-core';

/** `{ App: 3 }` becomes `[3, 'MsgApp']`: the core's words with etcd/raft's prefix. */
function namesOf(values: Readonly<Record<string, number>>, prefix: string): ReadonlyMap<number, string> {
  return new Map(Object.entries(values).map(([name, value]) => [value, prefix + name]));
}

const messageTypes = namesOf(MessageType, 'Msg');
const messageTypesByName = new Map([...messageTypes].map(([value, name]) => [name, value]));
const entryTypes = namesOf(EntryType, 'Entry');
const roles = namesOf(Role, 'State');
const progressStates = namesOf(ProgressState, 'State');
const confChangeTypes = namesOf(ConfChangeType, 'ConfChange');
const transitions = namesOf(ConfChangeTransition, 'ConfChangeTransition');

function nameOf(names: ReadonlyMap<number, string>, value: number): string {
  return names.get(value) ?? String(value);
}

/** `MsgApp` and so on. */
export const messageTypeName = (type: number): string => nameOf(messageTypes, type);

/** The inverse of `messageTypeName`; undefined for a word that names no type. */
export const messageTypeOf = (name: string): number | undefined => messageTypesByName.get(name);

/** `EntryNormal`, `EntryConfChange`, `EntryConfChangeV2`. */
export const entryTypeName = (type: number): string => nameOf(entryTypes, type);

/** `StateFollower` and so on. */
export const roleName = (role: number): string => nameOf(roles, role);

/** `StateProbe`, `StateReplicate`, `StateSnapshot`. */
export const progressStateName = (state: number): string => nameOf(progressStates, state);

/** `ConfChangeAddNode` and so on. */
export const confChangeTypeName = (type: number): string => nameOf(confChangeTypes, type);

/** `ConfChangeTransitionAuto` and so on. */
export const transitionName = (transition: number): string => nameOf(transitions, transition);
