import { expect, test } from 'vitest';
import { quoteBytes } from './quote.js';

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

test.each([
  ['', '""'],
  ['prop_1', '"prop_1"'],
  ['a"b\\c', String.raw`"a\"b\\c"`],
  ['\x07\b\f\n\r\t\v', String.raw`"\a\b\f\n\r\t\v"`],
  ['\x00\x1f\x7f', String.raw`"\x00\x1f\x7f"`],
  ['größe 日本 😀', '"größe 日本 😀"'],
  ['\u00a0\u200b\ufeff', String.raw`"\u00a0\u200b\ufeff"`],
  ['\ufffd', '"\ufffd"'],
])('%j is quoted as Go quotes it', (text, quoted) => {
  expect(quoteBytes(utf8(text))).toBe(quoted);
});

test('bytes that are no UTF-8 are escaped one by one', () => {
  expect(quoteBytes(Uint8Array.of(0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82))).toBe(String.raw`"a\xff\xc3(\xe2\x82"`);
});
