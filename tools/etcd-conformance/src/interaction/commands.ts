import {
  allVoters,
  type ConfChange,
  ConfChangeTransition,
  type ConfChangeV2,
  createMessage,
  MessageType,
  type ProposeResult,
  Role,
} from '@flotilla/raft-core';
import { bareNumbers, firstNumber, parseBoolean, parseNumber, singleValue } from '../datadriven/arguments.js';
import { type Directive, DirectiveError } from '../datadriven/directive.js';
import { parseConfChanges } from '../text/conf-change.js';
import { describeMessage } from '../text/message.js';
import { messageTypeOf, roleName } from '../text/names.js';
import { describeProgressOfAll } from '../text/progress.js';
import { parseAddNodes } from './add-nodes.js';
import type { InteractionEnvironment, Recipient } from './environment.js';
import { type InteractionNode, StorageError } from './node.js';
import { LEVEL_NAMES } from './output.js';

type Command = (environment: InteractionEnvironment, directive: Directive) => void;

const NO_CONTEXT = new Uint8Array();
const TRANSITIONS: ReadonlyMap<string, ConfChangeTransition> = new Map([
  ['auto', ConfChangeTransition.Auto],
  ['implicit', ConfChangeTransition.JointImplicit],
  ['explicit', ConfChangeTransition.JointExplicit],
]);

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['_breakpoint', () => undefined],
  ['add-nodes', (environment, directive) => environment.addNodes(parseAddNodes(directive))],
  ['campaign', (environment, directive) => firstNode(environment, directive).rawNode.campaign()],
  ['compact', compact],
  ['deliver-msgs', deliverMessages],
  ['forget-leader', (environment, directive) => firstNode(environment, directive).rawNode.forgetLeader()],
  ['log-level', (environment, directive) => setLogLevel(environment, directive.arguments[0]?.key ?? '')],
  ['process-append-thread', forEachNode('processing append thread', (env, node) => env.processAppendThread(node))],
  ['process-apply-thread', forEachNode('processing apply thread', (env, node) => env.processApplyThread(node))],
  ['process-ready', forEachNode('handling Ready', (env, node) => env.processReady(node))],
  ['propose', propose],
  ['propose-conf-change', proposeConfChange],
  ['raft-log', (environment, directive) => environment.describeLog(firstNode(environment, directive))],
  ['raft-state', describeStates],
  ['report-unreachable', reportUnreachable],
  ['send-snapshot', sendSnapshot],
  ['set-randomized-election-timeout', setRandomizedElectionTimeout],
  ['stabilize', stabilize],
  ['status', describeStatus],
  ['tick-election', (environment, directive) => tick(firstNode(environment, directive), 'electionTicks')],
  ['tick-heartbeat', (environment, directive) => tick(firstNode(environment, directive), 'heartbeatTicks')],
  ['transfer-leadership', transferLeadership],
]);

/** All commands of etcd/raft's interaction files. */
export const INTERACTION_COMMANDS: ReadonlySet<string> = new Set(commands.keys());

/** Carries out a directive of an interaction file; the answer is what was printed, or `ok` when nothing was. */
export function answerInteractionDirective(environment: InteractionEnvironment, directive: Directive): string {
  const { output } = environment;
  output.clear();
  try {
    const command = commands.get(directive.command);
    if (command === undefined) throw new DirectiveError('unknown command');
    command(environment, directive);
  } catch (error) {
    if (!(error instanceof DirectiveError) && !(error instanceof StorageError)) throw error;
    return output.text + error.message;
  }
  return output.text === '' ? 'ok' : output.text;
}

function firstNode(environment: InteractionEnvironment, directive: Directive): InteractionNode {
  return environment.node(firstNumber(directive));
}

/** Runs for each node that is named; with more than one, each under a title of its own. */
function forEachNode(
  title: string,
  run: (environment: InteractionEnvironment, node: InteractionNode) => void,
): Command {
  return (environment, directive) => {
    const nodes = bareNumbers(directive).map((id) => environment.node(id));
    for (const node of nodes) {
      if (nodes.length === 1) {
        run(environment, node);
      } else {
        environment.output.writeLine(`> ${node.id} ${title}`);
        environment.output.indented(() => run(environment, node));
      }
    }
  };
}

function setLogLevel({ output }: InteractionEnvironment, name: string): void {
  if (!output.setLevel(name)) throw new DirectiveError(`log levels must be either of ${LEVEL_NAMES}`);
}

function compact(environment: InteractionEnvironment, directive: Directive): void {
  const node = firstNode(environment, directive);
  const index = parseNumber(directive.arguments[1]?.key ?? '');
  if (!node.storage.compact(index)) throw new StorageError('requested index is unavailable due to compaction');
  environment.describeLog(node);
}

function deliverMessages(environment: InteractionEnvironment, directive: Directive): void {
  const recipients: Recipient[] = [];
  let type: number | undefined;
  for (const { key, values } of directive.arguments) {
    if (values.length === 0) recipients.push({ id: parseNumber(key), isDropped: false });
    else if (key === 'drop') recipients.push(...droppedRecipients(values, recipients));
    else if (key === 'type') type = messageTypes(values);
  }
  if (environment.deliver(recipients, type) === 0) environment.output.writeLine('no messages');
}

function droppedRecipients(values: readonly string[], recipients: readonly Recipient[]): readonly Recipient[] {
  return values.map((value) => {
    const id = parseNumber(value);
    if (recipients.some((recipient) => recipient.id === id)) {
      throw new DirectiveError(`can't both deliver and drop msgs to ${id}`);
    }
    return { id, isDropped: true };
  });
}

function messageTypes(values: readonly string[]): number {
  const name = values.at(-1) ?? '';
  const type = messageTypeOf(name);
  if (type === undefined) throw new DirectiveError(`unknown message type ${name}`);
  return type;
}

function propose(environment: InteractionEnvironment, directive: Directive): void {
  const data = directive.arguments[1];
  if (directive.arguments.length !== 2 || data === undefined || data.values.length > 0) {
    throw new DirectiveError('propose: a node and one word must follow');
  }
  refuseDropped(firstNode(environment, directive).rawNode.propose([new TextEncoder().encode(data.key)]));
}

function proposeConfChange(environment: InteractionEnvironment, directive: Directive): void {
  let isV1 = false;
  let transition: ConfChangeTransition = ConfChangeTransition.Auto;
  for (const { key, values } of directive.arguments.slice(1)) {
    for (const value of values) {
      if (key === 'v1') isV1 = parseBoolean(value);
      else if (key === 'transition') transition = parseTransition(value);
      else throw new DirectiveError(`unknown command ${key}`);
    }
  }
  const changes = parseConfChanges(directive.input);
  const change: ConfChange | ConfChangeV2 = isV1
    ? singleChange({ kind: 'v2', transition, changes, context: NO_CONTEXT })
    : { kind: 'v2', transition, changes, context: NO_CONTEXT };
  refuseDropped(firstNode(environment, directive).rawNode.proposeConfChange(change));
}

function parseTransition(word: string): ConfChangeTransition {
  const transition = TRANSITIONS.get(word);
  if (transition === undefined) throw new DirectiveError(`unknown transition ${word}`);
  return transition;
}

function singleChange({ transition, changes: [change, ...more], context }: ConfChangeV2): ConfChange {
  if (change === undefined || more.length > 0 || transition !== ConfChangeTransition.Auto) {
    throw new DirectiveError('v1 conf change can only have one operation and no transition');
  }
  return { kind: 'v1', type: change.type, nodeId: change.nodeId, context };
}

/** What was sent on to the leader is no error, although nobody knows yet what becomes of it. */
function refuseDropped(result: ProposeResult): void {
  if (!result.ok && result.reason !== 'forwarded') throw new DirectiveError('raft proposal dropped');
}

function describeStates({ nodes, output }: InteractionEnvironment): void {
  for (const node of nodes) {
    const { id, role, term, leader, configuration } = node.rawNode.status();
    const kind = allVoters(configuration).includes(id) ? '(Voter)' : '(Non-Voter)';
    output.writeLine(`${id}: ${roleName(role)} ${kind} Term:${term} Lead:${leader}`);
  }
}

function describeStatus(environment: InteractionEnvironment, directive: Directive): void {
  const { role, progress } = firstNode(environment, directive).rawNode.status();
  if (role === Role.Leader) environment.output.write(describeProgressOfAll(progress));
}

function reportUnreachable(environment: InteractionEnvironment, directive: Directive): void {
  const [reporter, reported, ...more] = bareNumbers(directive);
  if (reporter === undefined || reported === undefined || more.length > 0) {
    throw new DirectiveError('must specify exactly two node indexes: node on which to report, and reported node');
  }
  environment.node(reporter).rawNode.reportUnreachable(environment.node(reported).id);
}

function sendSnapshot(environment: InteractionEnvironment, directive: Directive): void {
  const [from, to, ...more] = bareNumbers(directive);
  if (from === undefined || to === undefined || more.length > 0) {
    throw new DirectiveError('send-snapshot: sender and receiver must follow');
  }
  const { storage, rawNode } = environment.node(from);
  const snapshot = storage.snapshot();
  if (snapshot === 'unavailable') throw new StorageError('snapshot is temporarily unavailable');
  const message = createMessage({ type: MessageType.Snap, term: rawNode.status().term, from, to, snapshot });
  environment.send(message);
  environment.output.write(describeMessage(message));
}

function setRandomizedElectionTimeout(environment: InteractionEnvironment, directive: Directive): void {
  const timeout = parseNumber(singleValue(directive, 'timeout'));
  if (timeout === 0) throw new DirectiveError('the timeout must not be 0');
  firstNode(environment, directive).rawNode.setElectionTimeout(timeout);
}

function stabilize(environment: InteractionEnvironment, directive: Directive): void {
  const { output } = environment;
  const ids = bareNumbers(directive);
  const nodes = ids.length === 0 ? environment.nodes : ids.map((id) => environment.node(id));
  const level = output.level;
  try {
    for (const { key, values } of directive.arguments) {
      if (key === 'log-level') for (const value of values) setLogLevel(environment, value);
    }
    environment.stabilize(nodes);
  } finally {
    output.restoreLevel(level);
  }
}

function tick(node: InteractionNode, timeout: 'electionTicks' | 'heartbeatTicks'): void {
  for (let ticks = 0; ticks < node[timeout]; ticks++) node.rawNode.tick();
}

function transferLeadership(environment: InteractionEnvironment, directive: Directive): void {
  const from = parseNumber(singleValue(directive, 'from'));
  const to = parseNumber(singleValue(directive, 'to'));
  environment.node(from).rawNode.transferLeadership(environment.node(to).id);
}
