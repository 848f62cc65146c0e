import { describe, expect, test } from 'vitest';
import { parseCondition, parseOperation } from './txn-text.js';

describe('transactions as text', () => {
  test('conditions', () => {
    expect(parseCondition('a exists')).toEqual({ key: 'a', target: 'version', relation: '>', operand: 0 });
    expect(parseCondition('a missing')).toEqual({ key: 'a', target: 'version', relation: '=', operand: 0 });
    expect(parseCondition('a mod > 7')).toEqual({ key: 'a', target: 'mod', relation: '>', operand: 7 });
    expect(parseCondition('"my key" value != "two words"')).toEqual({
      key: 'my key',
      target: 'value',
      relation: '!=',
      operand: 'two words',
    });
  });

  test('operations', () => {
    expect(parseOperation('put a "b c"')).toEqual({ kind: 'put', key: 'a', value: 'b c' });
    expect(parseOperation('get a')).toEqual({ kind: 'range', selector: 'a' });
    expect(parseOperation('del a')).toEqual({ kind: 'delete', selector: 'a' });
  });

  test.each([
    '',
    'a',
    'a is 7',
    'a mod ~ 7',
    'a mod = seven',
    'a mod = -1',
    'a mod = 1 2',
    'a exists now',
    '"a\\q" exists',
  ])('the condition %j is refused', (text) => {
    expect(() => parseCondition(text)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }) as Error);
  });

  test.each(['', 'put a', 'put a b c', 'get', 'get a b', 'delete a', 'del'])('the operation %j is refused', (text) => {
    expect(() => parseOperation(text)).toThrow(expect.objectContaining({ code: 'InvalidArgument' }) as Error);
  });
});
