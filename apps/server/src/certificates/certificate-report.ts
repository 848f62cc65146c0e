import type { CertificateFacts } from './certificate-facts.js';

/** A certificate for JSON: what `flotilla cert` prints for machines. Times are ISO 8601, hashes hexadecimal digits but for `sha256Base64`. */
export function certificateJson(facts: CertificateFacts, nowMs: number): Readonly<Record<string, unknown>> {
  const { claims: _, notBefore, notAfter, ...rest } = facts;
  return {
    ...rest,
    sha256Base64: Buffer.from(facts.sha256, 'hex').toString('base64'),
    notBefore: notBefore.toISOString(),
    notAfter: notAfter.toISOString(),
    expiresInSeconds: Math.floor((notAfter.getTime() - nowMs) / 1_000),
    valid: isValid(facts, nowMs),
  };
}

/** A certificate for people, a fact a line. */
export function certificateText(facts: CertificateFacts, nowMs: number): string {
  const { role, nodeIds } = facts;
  const bound = nodeIds.length === 0 ? '' : `, bound to node ${nodeIds.join(', ')}`;
  const lines: readonly (readonly [string, string])[] = [
    ['certificate', `${facts.commonName} (${role === 'other' ? 'of no role in a cluster' : role}${bound})`],
    ['signed by', facts.issuer],
    ['names', [...facts.names, ...facts.addresses].join(', ') || '-'],
    ['valid', `${day(facts.notBefore)} to ${day(facts.notAfter)}${standing(facts, nowMs)}`],
    ['key', facts.key],
    ['SPKI pin', facts.spkiPin],
    ['SHA-256', facts.sha256],
  ];
  return lines.map(([name, value]) => `${name.padEnd(12)}${value}\n`).join('');
}

function standing(facts: CertificateFacts, nowMs: number): string {
  if (facts.notBefore.getTime() > nowMs) return ' (not yet valid)';
  if (!isValid(facts, nowMs)) return ' (EXPIRED)';
  const days = Math.round((facts.notAfter.getTime() - nowMs) / 86_400_000);
  return days === 0 ? ' (less than a day left)' : ` (${days} ${days === 1 ? 'day' : 'days'} left)`;
}

function isValid({ notBefore, notAfter }: CertificateFacts, nowMs: number): boolean {
  return notBefore.getTime() <= nowMs && nowMs <= notAfter.getTime();
}

function day(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}
