import { describe } from 'vitest';
import { refusalTests } from './refusals.js';

describe('on Node', () => {
  // quiche drops a client without a protocol in common, and seldom says so to it.
  refusalTests({ client: 'library', server: 'library', wrongAlpn: ['ConnectTimeout', 'AlpnMismatch'] });
});
