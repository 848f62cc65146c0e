import {
  jointCommittedIndex,
  jointVoteResult,
  majorityCommittedIndex,
  majorityVoteResult,
  type VoteResult,
} from '@flotilla/raft-core';
import { parseNumber } from './datadriven/arguments.js';
import { type Directive, DirectiveError } from './datadriven/directive.js';
import { describeMajority } from './text/majority.js';
import { hexId } from './text/node-id.js';

/** All commands of etcd/raft's quorum files. */
export const QUORUM_COMMANDS: ReadonlySet<string> = new Set(['committed', 'vote']);

/** What is known of each voter that has answered. */
type Answers<T> = ReadonlyMap<number, T>;

interface QuorumQuestion {
  readonly incoming: readonly number[];
  /** Undefined: a majority alone is asked for, not a joint one. */
  readonly outgoing: readonly number[] | undefined;
  readonly indexes: readonly string[];
  readonly votes: readonly string[];
}

const VOTE_WORDS: Readonly<Record<VoteResult, string>> = { pending: 'VotePending', lost: 'VoteLost', won: 'VoteWon' };

/** Answers `committed` and `vote`: the core's result, and a marked line wherever another way to it disagrees. */
export function answerQuorumDirective(directive: Directive): string {
  const question = parseQuestion(directive);
  const voters = [...new Set([...question.incoming, ...(question.outgoing ?? [])])];
  const words = directive.command === 'vote' ? question.votes : question.indexes;
  if (voters.length !== words.length) {
    const listed = voters.toSorted((a, b) => a - b).join(' ');
    return `error: mismatched input (explicit or _) for voters [${listed}]: [${words.join(' ')}]`;
  }
  const answered = voters.map((voter, position) => [voter, words[position] ?? '_'] as const);
  const known = answered.filter(([, word]) => word !== '_');
  switch (directive.command) {
    case 'committed':
      return answerCommitted(question, new Map(known.map(([voter, word]) => [voter, parseIndex(word)])));
    case 'vote':
      return answerVote(question, new Map(known.map(([voter, word]) => [voter, parseVote(word)])));
    default:
      throw new DirectiveError(`unknown command: ${directive.command}`);
  }
}

function parseQuestion(directive: Directive): QuorumQuestion {
  const incoming: number[] = [];
  let outgoing: number[] | undefined;
  const indexes: string[] = [];
  const votes: string[] = [];
  for (const { key, values } of directive.arguments) {
    switch (key) {
      case 'cfg':
        incoming.push(...values.map(parseNumber));
        break;
      case 'cfgj':
        outgoing = values.length === 1 && values[0] === 'zero' ? [] : values.map(parseNumber);
        break;
      case 'idx':
        indexes.push(...values);
        break;
      case 'votes':
        votes.push(...values);
        break;
      default:
        throw new DirectiveError(`unknown arg ${key}`);
    }
  }
  return { incoming: distinct(incoming), outgoing: outgoing && distinct(outgoing), indexes, votes };
}

const distinct = (ids: readonly number[]): readonly number[] => [...new Set(ids)];

function parseIndex(word: string): number {
  const index = parseNumber(word);
  if (index === 0) throw new DirectiveError('cannot use 0 as idx');
  return index;
}

function parseVote(word: string): boolean {
  if (word !== 'y' && word !== 'n') throw new DirectiveError(`unknown vote: ${word}`);
  return word === 'y';
}

function answerCommitted({ incoming, outgoing }: QuorumQuestion, acked: Answers<number>): string {
  if (outgoing === undefined) return answerMajorityCommitted(incoming, acked);
  const joint = (first: readonly number[], second: readonly number[]): number =>
    jointCommittedIndex(indexesOf(first, acked), indexesOf(second, acked));
  const committed = joint(incoming, outgoing);
  let text = describeMajority(distinct([...incoming, ...outgoing]), acked);
  const swapped = joint(outgoing, incoming);
  if (swapped !== committed) text += `${describeIndex(swapped)} <-- via symmetry\n`;
  return `${text}${describeIndex(committed)}\n`;
}

function answerMajorityCommitted(voters: readonly number[], acked: Answers<number>): string {
  const of = (answers: Answers<number>): number => majorityCommittedIndex(indexesOf(voters, answers));
  const committed = of(acked);
  let text = describeMajority(voters, acked);
  const counted = committedByCounting(voters, acked);
  if (counted !== committed) text += `${describeIndex(counted)} <-- via alternative computation\n`;
  const withEmpty = jointCommittedIndex(indexesOf(voters, acked), []);
  if (withEmpty !== committed) text += `${describeIndex(withEmpty)} <-- via zero-joint quorum\n`;
  const withItself = jointCommittedIndex(indexesOf(voters, acked), indexesOf(voters, acked));
  if (withItself !== committed) text += `${describeIndex(withItself)} <-- via self-joint quorum\n`;
  for (const voter of voters) {
    const index = acked.get(voter) ?? 0;
    if (index === 0 || committed <= index) continue;
    for (const [lowered, mark] of [[index - 1, String(index)] as const, [0, '0'] as const]) {
      const overlaid = of(new Map([...acked, [voter, lowered]]));
      if (overlaid !== committed) text += `${describeIndex(overlaid)} <-- overlaying ${hexId(voter)}->${mark}`;
    }
  }
  return `${text}${describeIndex(committed)}\n`;
}

/** The highest index that more than half of the voters have reached, by trying each: slower, and independent of the core. */
function committedByCounting(voters: readonly number[], acked: Answers<number>): number {
  if (voters.length === 0) return Infinity;
  const indexes = voters.map((voter) => acked.get(voter) ?? 0);
  const reached = indexes.filter((index) => indexes.filter((other) => other >= index).length * 2 > voters.length);
  return Math.max(0, ...reached);
}

function answerVote({ incoming, outgoing }: QuorumQuestion, votes: Answers<boolean>): string {
  const of = (voters: readonly number[]): (boolean | undefined)[] => voters.map((voter) => votes.get(voter));
  if (outgoing === undefined) return `${VOTE_WORDS[majorityVoteResult(of(incoming))]}\n`;
  const result = jointVoteResult(of(incoming), of(outgoing));
  const swapped = jointVoteResult(of(outgoing), of(incoming));
  const disagreement = swapped === result ? '' : `${VOTE_WORDS[swapped]} <-- via symmetry\n`;
  return `${disagreement}${VOTE_WORDS[result]}\n`;
}

const indexesOf = (voters: readonly number[], acked: Answers<number>): number[] =>
  voters.map((voter) => acked.get(voter) ?? 0);

const describeIndex = (index: number): string => (index === Infinity ? '∞' : String(index));
