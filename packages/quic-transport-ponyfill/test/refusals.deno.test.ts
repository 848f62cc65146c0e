import { describe } from 'vitest';
import { refusalTests } from './refusals.js';

describe("on Deno's own QUIC", () => {
  refusalTests({ client: 'deno', server: 'deno', wrongAlpn: ['AlpnMismatch'] });
});

describe("a client of Deno's own QUIC, the native library listening", () => {
  refusalTests({ client: 'deno', server: 'library', wrongAlpn: ['AlpnMismatch'] });
});

describe("a client of the native library, Deno's own QUIC listening", () => {
  // The library keeps to itself what it is told of a protocol.
  refusalTests({ client: 'library', server: 'deno', wrongAlpn: ['ConnectTimeout'] });
});
