/**
 * Reads an IPv4 address in its one usual form: four decimal numbers without leading zeros. Undefined when it is none.
 * The laxer forms (`127.1`, `0x7f.1`) are no addresses here, for two readers could differ on them.
 */
export function parseIpv4(text: string): readonly number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts: number[] = [];
  for (const digits of match.slice(1)) {
    const value = Number(digits);
    if (value > 255 || String(value) !== digits) return undefined;
    parts.push(value);
  }
  return parts;
}

/** Reads an IPv6 address (no brackets, no zone) into its eight groups of 16 bits. Undefined when it is none. */
export function parseIpv6(text: string): readonly number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = ipv6Groups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? ipv6Groups(halves[1] ?? '', true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function ipv6Groups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const parts = text.split(':');
  const groups: number[] = [];
  for (const [position, part] of parts.entries()) {
    if (part.includes('.')) {
      const ipv4 = mayEndInIpv4 && position === parts.length - 1 ? parseIpv4(part) : undefined;
      if (ipv4 === undefined) return undefined;
      const [a = 0, b = 0, c = 0, d = 0] = ipv4;
      groups.push(a * 256 + b, c * 256 + d);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** The canonical text of an IPv6 address (RFC 5952): lower case, the longest run of zeros shortened, IPv4-mapped ones in mixed form. */
export function formatIpv6(groups: readonly number[]): string {
  if (isIpv4Mapped(groups)) return `::ffff:${mappedIpv4(groups).join('.')}`;
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > bestLength) {
      bestStart = start;
      bestLength = length;
    }
  }
  const hex = groups.map((group) => group.toString(16));
  if (bestStart < 0) return hex.join(':');
  return `${hex.slice(0, bestStart).join(':')}::${hex.slice(bestStart + bestLength).join(':')}`;
}

function isIpv4Mapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}

function mappedIpv4(groups: readonly number[]): readonly number[] {
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff];
}

/**
 * Whether a numeric address cannot leave this machine: 127.0.0.0/8, ::1, and their IPv4-mapped forms. A name is never
 * loopback by itself: resolve it first, and judge what it resolved to.
 */
export function isLoopbackAddress(ip: string): boolean {
  const ipv4 = parseIpv4(ip);
  if (ipv4 !== undefined) return ipv4[0] === 127;
  const groups = parseIpv6(ip);
  if (groups === undefined) return false;
  if (isIpv4Mapped(groups)) return mappedIpv4(groups)[0] === 127;
  return groups.slice(0, 7).every((group) => group === 0) && groups[7] === 1;
}
