import { compare, type CompareSpec, exists, missing, op, type Relation, type TxnOpSpec } from '@flotilla/client';
import { FlotillaError } from '@flotilla/errors';

const TARGETS = ['version', 'create', 'mod', 'value'] as const;
const RELATIONS: readonly string[] = ['=', '!=', '>', '<'];

/**
 * A condition as text: `KEY exists`, `KEY missing`, or `KEY version|create|mod|value =|!=|>|< OPERAND`. Words with spaces stand
 * in double quotes, as JSON strings.
 *
 * @throws {FlotillaError} InvalidArgument
 */
export function parseCondition(text: string): CompareSpec {
  const words = wordsOf(text);
  const [key, target, relation, operand] = words;
  if (key !== undefined && words.length === 2 && target === 'exists') return exists(key);
  if (key !== undefined && words.length === 2 && target === 'missing') return missing(key);
  const known = TARGETS.find((name) => name === target);
  if (
    key === undefined ||
    known === undefined ||
    relation === undefined ||
    operand === undefined ||
    words.length !== 4 ||
    !RELATIONS.includes(relation)
  ) {
    throw invalid(text, 'a condition reads: KEY exists, KEY missing, or KEY version|create|mod|value =|!=|>|< OPERAND');
  }
  if (known === 'value') return compare(key, known, relation as Relation, operand);
  const number = Number(operand);
  if (!Number.isSafeInteger(number) || number < 0)
    throw invalid(text, `${known} is compared with a whole number, not "${operand}"`);
  return compare(key, known, relation as Relation, number);
}

/** An operation as text: `put KEY VALUE`, `get KEY`, `del KEY`. @throws {FlotillaError} InvalidArgument */
export function parseOperation(text: string): TxnOpSpec {
  const [verb, key, value, ...rest] = wordsOf(text);
  if (key !== undefined && rest.length === 0) {
    if (verb === 'put' && value !== undefined) return op.put(key, value);
    if (verb === 'get' && value === undefined) return op.get(key);
    if (verb === 'del' && value === undefined) return op.delete(key);
  }
  throw invalid(text, 'an operation reads: put KEY VALUE, get KEY, or del KEY');
}

function wordsOf(text: string): string[] {
  const words: string[] = [];
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|\S+/g)) {
    const [word] = match;
    if (!word.startsWith('"')) words.push(word);
    else {
      try {
        words.push(JSON.parse(word) as string);
      } catch {
        throw invalid(text, `${word} is no JSON string`);
      }
    }
  }
  return words;
}

function invalid(text: string, reason: string): FlotillaError<'InvalidArgument'> {
  return new FlotillaError('InvalidArgument', {
    message: `"${text}": ${reason}`,
    details: { argument: 'txn', reason },
  });
}
