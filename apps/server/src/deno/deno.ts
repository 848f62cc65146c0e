/** A permission as `Deno.permissions` names it. */
export type DenoPermission =
  | { readonly name: 'read' | 'write'; readonly path: string }
  | { readonly name: 'net'; readonly host: string }
  | { readonly name: 'env'; readonly variable?: string }
  | { readonly name: 'sys'; readonly kind: 'statfs' };

/** What is used of Deno itself, where the program runs on it. */
export interface Deno {
  /**
   * `prompt`: using it would ask whoever sits at the terminal, or fail where nobody does; `denied`: it fails, or for variables that
   * `--ignore-env` hides, there is nothing. Asking for the state asks nobody.
   */
  permission(permission: DenoPermission): 'granted' | 'prompt' | 'denied';
  /** Whether it was started with `--unstable-net`, without which it has no QUIC. */
  readonly hasQuic: boolean;
}

interface DenoGlobal {
  readonly QuicEndpoint?: unknown;
  readonly permissions: {
    querySync(permission: DenoPermission): { readonly state: 'granted' | 'prompt' | 'denied' };
  };
}

/** Deno, if that is what this process runs on. */
export function denoHere(): Deno | undefined {
  const { Deno: deno } = globalThis as { readonly Deno?: DenoGlobal };
  return deno === undefined
    ? undefined
    : {
        permission: (permission) => deno.permissions.querySync(permission).state,
        hasQuic: deno.QuicEndpoint !== undefined,
      };
}

/** Whether an error says that Deno was not given a permission. */
export function isNotCapable(error: unknown): error is Error {
  return error instanceof Error && error.name === 'NotCapable';
}
