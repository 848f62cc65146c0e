/** What a joiner meets on its way. */
export type JoinEvent =
  | { readonly name: 'join.started'; readonly seeds: readonly string[] }
  | { readonly name: 'join.backoff'; readonly attempt: number; readonly delayMs: number }
  | { readonly name: 'join.attempt_failed'; readonly attempt: number; readonly error: string }
  | { readonly name: 'join.redirect'; readonly from: string; readonly to: string }
  | { readonly name: 'join.redirect_refused'; readonly redirects: number }
  | { readonly name: 'join.seed_unreachable'; readonly address: string }
  | { readonly name: 'join.forward_asked'; readonly by: string }
  | { readonly name: 'join.joined'; readonly nodes: number; readonly groups: number };
