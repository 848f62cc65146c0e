import type { AddedMemberReport, MemberReport, StoreReport } from '@flotilla/kv/protocol';
import { unexpectedResponse } from '../client-errors.js';
import type { NodeReport } from './node-report.js';

type Fields = Readonly<Record<string, unknown>>;

/** What a node says of itself. @throws {FlotillaError} UnexpectedResponse where it is not that */
export function nodeReport(from: string, value: unknown): NodeReport {
  const fields = record(from, value);
  number(from, fields, 'id');
  text(from, fields, 'lifecycle');
  list(from, fields, 'addresses');
  for (const group of list(from, fields, 'groups')) {
    const report = record(from, group);
    for (const name of ['group', 'leader', 'term', 'commitIndex', 'appliedIndex', 'vshardCount']) {
      number(from, report, name);
    }
    list(from, report, 'voters');
    list(from, report, 'learners');
  }
  for (const peer of list(from, fields, 'peers')) {
    const report = record(from, peer);
    number(from, report, 'id');
    text(from, report, 'state');
    list(from, report, 'addresses');
  }
  return value as NodeReport;
}

/** The members that a node knows. @throws {FlotillaError} UnexpectedResponse */
export function memberReports(from: string, value: unknown): readonly MemberReport[] {
  return array(from, value).map((member) => {
    const fields = record(from, member);
    number(from, fields, 'id');
    text(from, fields, 'state');
    for (const name of ['addresses', 'voterOf', 'learnerOf', 'leaderOf']) list(from, fields, name);
    // Nodes that know nothing of keys do not name any.
    const spkiPins = fields['spkiPins'] === undefined ? [] : list(from, fields, 'spkiPins');
    return { ...fields, spkiPins } as MemberReport;
  });
}

/** What a node to come is given. @throws {FlotillaError} UnexpectedResponse */
export function addedMember(from: string, value: unknown): AddedMemberReport {
  const fields = record(from, value);
  number(from, fields, 'nodeId');
  text(from, fields, 'clusterId');
  list(from, fields, 'seeds');
  return value as AddedMemberReport;
}

/** The stores of a node. @throws {FlotillaError} UnexpectedResponse */
export function storeReports(from: string, value: unknown): readonly StoreReport[] {
  for (const store of array(from, value)) {
    const fields = record(from, store);
    for (const name of ['group', 'revision', 'keys', 'bytes']) number(from, fields, name);
  }
  return value as readonly StoreReport[];
}

function record(from: string, value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw unexpected(from, 'no object where one should stand');
}

function array(from: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpected(from, 'no list where one should stand');
}

function list(from: string, fields: Fields, name: string): readonly unknown[] {
  if (Array.isArray(fields[name])) return fields[name];
  throw unexpected(from, `no list ${name}`);
}

function number(from: string, fields: Fields, name: string): void {
  if (typeof fields[name] !== 'number') throw unexpected(from, `no number ${name}`);
}

function text(from: string, fields: Fields, name: string): void {
  if (typeof fields[name] !== 'string') throw unexpected(from, `no text ${name}`);
}

function unexpected(from: string, reason: string): Error {
  return unexpectedResponse(from, new Error(reason), 'unknown');
}
