import { MalformedFile } from './malformed-file.js';

/** A value of an EDN map, as far as histories use them; keywords as strings that begin with a colon, and strings as objects apart. */
export type EdnValue = number | null | `:${string}` | { readonly text: string };

const TOKEN =
  /[\s,]*(?:(\{|\})|(:[A-Za-z0-9*+!_?<>=.\-/]+)|(-?\d+)(?=[\s,}]|$)|(nil)(?=[\s,}]|$)|"((?:[^"\\]|\\.)*)")/y;
const END = /[\s,]*$/y;

/** One map of keywords to values, on one line. @throws {MalformedFile} */
export function parseEdnMap(line: number, text: string): ReadonlyMap<string, EdnValue> {
  const map = new Map<string, EdnValue>();
  let at = 0;
  const next = () => {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) throw new MalformedFile(line, `cannot be read from column ${at + 1} on`);
    at = TOKEN.lastIndex;
    const [, brace, keyword, integer, nil, string] = match;
    return { brace, value: valueOf(line, keyword, integer, nil, string), keyword };
  };
  if (next().brace !== '{') throw new MalformedFile(line, 'is not a map');
  for (;;) {
    const key = next();
    if (key.brace === '}') break;
    const value = next();
    if (key.keyword === undefined || value.brace !== undefined || value.value === undefined) {
      throw new MalformedFile(line, `has no keyword and value before column ${at + 1}`);
    }
    if (map.has(key.keyword)) throw new MalformedFile(line, `has ${key.keyword} twice`);
    map.set(key.keyword, value.value);
  }
  END.lastIndex = at;
  if (!END.test(text)) throw new MalformedFile(line, `goes on after its map, from column ${at + 1} on`);
  return map;
}

function valueOf(
  line: number,
  keyword: string | undefined,
  integer: string | undefined,
  nil: string | undefined,
  string: string | undefined,
): EdnValue | undefined {
  if (keyword !== undefined) return keyword as `:${string}`;
  if (integer !== undefined) return Number(integer);
  if (nil !== undefined) return null;
  return string === undefined ? undefined : { text: unescape(line, string) };
}

const ESCAPES = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['"', '"'],
  ['\\', '\\'],
]);

function unescape(line: number, text: string): string {
  return text.replaceAll(/\\(u[0-9a-fA-F]{4}|.)/g, (_, escape: string) => {
    if (escape.length === 5) return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
    const character = ESCAPES.get(escape);
    if (character === undefined) throw new MalformedFile(line, `\\${escape} is no escape`);
    return character;
  });
}
