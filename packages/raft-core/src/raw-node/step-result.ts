/**
 * What became of a stepped message. Nothing a peer can send makes `step` throw.
 *
 * - `ok`: handled, or rightly ignored (stale term, a lease in effect, …).
 * - `proposal-dropped`: a MsgProp that no log took (no leader, transfer in progress, limits).
 * - `peer-not-found`: a response from a node that is not in the configuration.
 * - `local-message`: a kind that only this node may create arrived from another one.
 * - `misrouted`: `to` names another node, or `from` this one where that cannot be.
 *
 * The rest are refusals of messages that no correct peer sends; nothing of them was applied, not even the term:
 * - `unknown-type`: a kind this version does not know.
 * - `malformed`: a number that is not an unsigned integer below 2^52, or a field that its kind needs is missing.
 * - `entries-out-of-order`: entries with gaps, falling terms, or a term above the message's.
 * - `malformed-snapshot`: a snapshot without index or term, or with an impossible configuration.
 * - `malformed-conf-change`: a forwarded proposal of a membership change that does not decode.
 *
 * And of messages that contradict what is known to be committed; the term may have been taken over:
 * - `commit-beyond-log`: the leader knows more of our log to be committed than we hold: this log was lost or truncated.
 * - `beyond-log`: an acknowledgement of entries or reads that were never sent.
 */
export type StepResult =
  | 'ok'
  | 'proposal-dropped'
  | 'peer-not-found'
  | 'local-message'
  | 'misrouted'
  | 'unknown-type'
  | 'malformed'
  | 'entries-out-of-order'
  | 'malformed-snapshot'
  | 'malformed-conf-change'
  | 'commit-beyond-log'
  | 'beyond-log';
