import { toHex } from '@flotilla/bytes';
import { isFlotillaError } from '@flotilla/errors';
import { decodeSessionEnvelope, type SessionEnvelope } from '@flotilla/wire';

/** The envelope around a command of an application with sessions; undefined for bytes that are none, which all replicas refuse alike. */
export function envelopeOf(data: Uint8Array): SessionEnvelope | undefined {
  try {
    return decodeSessionEnvelope(data);
  } catch (error) {
    if (isFlotillaError(error)) return undefined;
    throw error;
  }
}

/** Names a command of a session within its group: the same for all its repetitions, and for no other. */
export function sessionCommandKey(
  group: number,
  command: Extract<SessionEnvelope, { readonly kind: 'command' }>,
): string {
  return `${group}/${toHex(command.clientId)}/${command.vshard}/${command.sequence}`;
}
