import { FlotillaError, isFlotillaError } from '@flotilla/errors';
import type { GroupPlacement, RoutingTable } from '@flotilla/routing';
import { applyChange } from './metadata-changes.js';
import type { MetadataEntry } from './metadata-entry.js';
import { APPLIED, type MetadataResult } from './metadata-result.js';
import type { MetadataState } from './metadata-state.js';

/** Where a command stands in group 0's log. */
export interface EntryPlace {
  readonly index: number;
  readonly term: number;
}

/** The state after a command, and what it came to: a refusal leaves all but the index as it was. */
export interface AppliedEntry {
  readonly state: MetadataState;
  readonly result: MetadataResult | FlotillaError;
}

/** Applies one command of group 0. Pure and deterministic. User commands are the business of their own applier and change only the index. */
export function applyMetadata(before: MetadataState, entry: MetadataEntry, place: EntryPlace): AppliedEntry {
  const state: MetadataState = { ...before, index: place.index };
  try {
    return applied(state, entry, place);
  } catch (error) {
    if (isFlotillaError(error)) return { state, result: error };
    throw error;
  }
}

function applied(state: MetadataState, entry: MetadataEntry, place: EntryPlace): AppliedEntry {
  switch (entry.kind) {
    case 'epoch-bump':
      return { state: bumped(state, place.term), result: APPLIED };
    case 'found':
      return { state: founded(state, entry), result: APPLIED };
    case 'user':
      return { state, result: APPLIED };
    case 'batch': {
      mustBeFounded(state);
      let next = state;
      for (const change of entry.changes) next = applyChange(next, change).state;
      return { state: next, result: APPLIED };
    }
    default:
      mustBeFounded(state);
      return applyChange(state, entry);
  }
}

/** One bump for each acquisition of group 0's leadership, and each has a term of its own: a second one in a term is a retry. */
function bumped(state: MetadataState, term: number): MetadataState {
  if (term <= state.epochTerm) return state;
  return { ...state, epoch: state.epoch + 1, epochTerm: term };
}

function founded(state: MetadataState, entry: MetadataEntry & { readonly kind: 'found' }): MetadataState {
  const { clusterId, replicationFactor, topology, routing } = entry;
  if (state.clusterId === clusterId) return state;
  if (state.clusterId !== undefined) {
    throw new FlotillaError('WrongCluster', {
      message: `this group belongs to cluster ${state.clusterId}; it cannot be founded again as ${clusterId}`,
      details: { ours: state.clusterId, theirs: clusterId },
    });
  }
  return { ...state, clusterId, replicationFactor, topology, routing, targets: targetsOf(routing) };
}

/** The targets of a fresh cluster: each group stays where it is founded. */
export function targetsOf(routing: RoutingTable): Map<number, GroupPlacement> {
  return new Map([...routing.groups].map(([group, placement]) => [group, { ...placement, confIndex: 0 }]));
}

function mustBeFounded(state: MetadataState): void {
  if (state.clusterId !== undefined) return;
  const reason = 'the cluster is not founded yet';
  throw new FlotillaError('NotReady', { message: reason, details: { reason } });
}
