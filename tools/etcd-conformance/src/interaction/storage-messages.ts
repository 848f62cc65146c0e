import {
  type AppendWork,
  type ApplyWork,
  createMessage,
  LOCAL_APPEND_THREAD,
  LOCAL_APPLY_THREAD,
  type Message,
  MessageType,
  type Ready,
} from '@flotilla/raft-core';

/** The works of a Ready as the local messages that etcd/raft hands out for them: first the append, then the apply. */
export function storageMessagesOf(nodeId: number, { append, apply }: Ready): readonly Message[] {
  const messages: Message[] = [];
  if (append !== undefined) messages.push(appendMessageOf(nodeId, append));
  if (apply !== undefined) messages.push(applyMessageOf(nodeId, apply));
  return messages;
}

function appendMessageOf(nodeId: number, { entries, hardState, snapshot, responses }: AppendWork): Message {
  return createMessage({
    type: MessageType.StorageAppend,
    to: LOCAL_APPEND_THREAD,
    from: nodeId,
    term: hardState?.term ?? 0,
    vote: hardState?.vote ?? 0,
    commit: hardState?.commit ?? 0,
    entries,
    snapshot,
    responses,
  });
}

function applyMessageOf(nodeId: number, { entries, responses }: ApplyWork): Message {
  return createMessage({ type: MessageType.StorageApply, to: LOCAL_APPLY_THREAD, from: nodeId, entries, responses });
}

/** The message as its thread processes it: its responses are taken off. */
export function withoutResponses(message: Message): Message {
  return { ...message, responses: [] };
}
