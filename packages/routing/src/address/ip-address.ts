const HEXTETS = 8;

/** The four bytes of dotted decimal without leading zeros; undefined for anything else. */
export function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part) || Number(part) > 255) return undefined;
    bytes.push(Number(part));
  }
  return bytes;
}

/** The eight 16-bit parts of an IPv6 address (RFC 4291, section 2.2; no zone); undefined for anything else. */
export function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [headText = '', tailText] = halves;
  const head = parseHextets(headText, tailText === undefined);
  if (head === undefined) return undefined;
  if (tailText === undefined) return head.length === HEXTETS ? head : undefined;
  const tail = parseHextets(tailText, true);
  if (tail === undefined || head.length + tail.length >= HEXTETS) return undefined;
  return [...head, ...Array.from({ length: HEXTETS - head.length - tail.length }, () => 0), ...tail];
}

/** Parts between colons; the last may be dotted decimal where `dottedEnd`. */
function parseHextets(text: string, dottedEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const hextets: number[] = [];
  for (const [at, part] of parts.entries()) {
    if (dottedEnd && at === parts.length - 1 && part.includes('.')) {
      const [a, b, c, d] = parseIpv4(part) ?? [];
      if (a === undefined || b === undefined || c === undefined || d === undefined) return undefined;
      hextets.push(a * 256 + b, c * 256 + d);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      hextets.push(Number.parseInt(part, 16));
    }
  }
  return hextets;
}

/** The canonical text of an IPv6 address (RFC 5952, section 4): lower case, the longest run of two or more zero parts as `::`. */
export function ipv6Text(hextets: readonly number[]): string {
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < hextets.length; start++) {
    let end = start;
    while (hextets[end] === 0) end += 1;
    if (end - start > bestLength) {
      bestStart = start;
      bestLength = end - start;
    }
  }
  const text = (parts: readonly number[]): string => parts.map((part) => part.toString(16)).join(':');
  if (bestStart < 0) return text(hextets);
  return `${text(hextets.slice(0, bestStart))}::${text(hextets.slice(bestStart + bestLength))}`;
}
