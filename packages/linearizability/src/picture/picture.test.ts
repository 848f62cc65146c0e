import { expect, test } from 'vitest';
import {
  checkLinearizability,
  drawHtml,
  drawText,
  type History,
  keyValue,
  type KeyValueInput,
  type KeyValueOutput,
  register,
  type RegisterInput,
  type RegisterOutput,
} from '../index.js';

const key = '<script>alert("k")</script>';
const history: History<KeyValueInput<string>, KeyValueOutput<string>> = [
  { process: 'p1', input: { type: 'put', key, value: '</svg>&\u001b[2J' }, output: null, callAt: 0, returnAt: 3 },
  { process: 'p2', input: { type: 'put', key, value: 'b' }, callAt: 1, indeterminate: true },
  { process: 'p3', input: { type: 'get', key }, output: null, callAt: 5, returnAt: 6 },
];

test('a page in one piece, in which nothing of the history is markup', () => {
  const html = drawHtml(keyValue(), checkLinearizability(keyValue(), history), { title: 'a <b>' });
  expect(html).toContain('<title>a &lt;b&gt;</title>');
  expect(html).toContain('&lt;script&gt;alert(&quot;k&quot;)&lt;/script&gt;');
  expect(html).not.toMatch(/<script|<\/svg>&|https?:|src=|href="[^#]/);
  expect(html).toContain('<g id="culprit-0" class="culprit closed">');
  expect(html).toContain('href="#culprit-0"');
  expect(html).toContain('class="left open"');
  expect(html).toContain('cannot follow: no order is left when it returns');
  expect(html.match(/<svg/g)).toHaveLength(1);
});

test('plain text for terminals', () => {
  const model = register<number>();
  const stale: History<RegisterInput<number>, RegisterOutput<number>> = [
    { process: 'a', input: { type: 'write', value: 1 }, output: null, callAt: 0, returnAt: 4 },
    { process: 'b', input: { type: 'write', value: 2 }, callAt: 1, indeterminate: true },
    { process: 'c', input: { type: 'read' }, output: 1, callAt: 2, returnAt: 3 },
    { process: 'c', input: { type: 'read' }, output: null, callAt: 5, returnAt: 6 },
  ];
  expect(drawText(model, checkLinearizability(model, stale))).toBe(
    [
      'not linearizable',
      '  a  write 1      1  ├───┤',
      '  b  write 2          ├┄┄┄┄┄…',
      '  c  read → 1     2    ├┤',
      '! c  read → null          ├┤',
      '  in the order of the numbers the state is 1; ! fits nowhere before it returned',
    ].join('\n'),
  );
});

test('nothing in a history moves the cursor of a terminal', () => {
  const text = drawText(keyValue(), checkLinearizability(keyValue(), history));
  expect(text).not.toContain('\u001b');
});

test('of a long history what stands around the culprit is drawn', () => {
  const model = register<number>();
  const writes = Array.from({ length: 500 }, (_, at) => ({
    process: at % 5,
    input: { type: 'write' as const, value: at },
    output: null,
    callAt: 2 * at,
    returnAt: 2 * at + 1,
  }));
  const read = { process: 9, input: { type: 'read' as const }, output: 7, callAt: 801, returnAt: 802 };
  const verdict = checkLinearizability(model, [...writes, read]);
  const text = drawText(model, verdict, { operationsMax: 10 });
  expect(text).toContain('! 9  read → 7');
  expect(text).toMatch(/… \d+ operations before\n/);
  expect(text).toMatch(/… \d+ operations after\n/);
  expect(text.split('\n').length).toBeLessThan(18);
  expect(drawHtml(model, verdict, { operationsMax: 10 })).toMatch(/Left out: \d+ operations before, \d+ after/);
});

test('histories without a fault are drawn too', () => {
  const verdict = checkLinearizability(register<number>(), []);
  expect(drawText(register<number>(), verdict)).toBe('');
  expect(drawHtml(register<number>(), verdict)).toContain('<table>');
});
