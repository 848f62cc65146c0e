import type { BackendChoice } from '../options.js';
import type { NativeBackend } from './native-session.js';

/** The client certificates that a listener wants decide what can serve it; clients are content with anything. */
export interface BackendNeeds {
  readonly clientCertificates: boolean;
}

/**
 * The backend for this runtime; each is loaded on first use.
 * @throws QuicError `NativeLibraryMissing`, `Unsupported`
 */
export async function selectBackend(choice: BackendChoice, needs: BackendNeeds): Promise<NativeBackend> {
  const onDeno = 'Deno' in globalThis;
  if (choice === 'deno' || (choice === 'auto' && onDeno && !needs.clientCertificates)) {
    const { denoBackend } = await import('./deno.js');
    return denoBackend();
  }
  const { libraryBackend } = await import('./node.js');
  return libraryBackend();
}
