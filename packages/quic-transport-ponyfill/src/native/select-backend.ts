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
  // Deno shows its QUIC only with --unstable-net.
  const { Deno: deno } = globalThis as unknown as { readonly Deno?: { readonly QuicEndpoint?: unknown } };
  const ownWillDo = deno?.QuicEndpoint !== undefined && !needs.clientCertificates;
  if (choice === 'deno' || (choice === 'auto' && ownWillDo)) {
    const { denoBackend } = await import('./deno.js');
    return denoBackend();
  }
  const { libraryBackend } = await import('./node.js');
  return libraryBackend();
}
