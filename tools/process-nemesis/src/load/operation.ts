import type { KeyValueInput, KeyValueOutput } from '@flotilla/linearizability';

/** What a client asks of one key. Values are never written twice. */
export type Request = Exclude<KeyValueInput<string>, { readonly type: 'append' }>;

/** What it was told. */
export type Answer = KeyValueOutput<string>;
