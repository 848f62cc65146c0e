import type { ProofVerifier } from '@flotilla/transport';
import { certificateProof, decodeProof } from '@flotilla/transport/proof';
import { certificateIdentity, type WebSocketTls } from '@flotilla/transport-ws';
import { beforeAll, describe, expect, test } from 'vitest';
import { makeCertificate, type TestCertificate } from './certificates.js';
import { rawPeer } from './raw-peers.js';
import { codeOf, dial, listen, observed } from './sides.js';

let authority: TestCertificate;
let node: TestCertificate;

beforeAll(async () => {
  authority = await makeCertificate({ commonName: 'authority', authority: true });
  node = await makeCertificate({ commonName: 'node', dnsNames: ['node'], ipv4: [127, 0, 0, 1], issuer: authority });
});

const tlsOf = (certificate: TestCertificate): WebSocketTls => ({
  ca: authority.cert,
  cert: certificate.cert,
  key: certificate.key,
  serverName: 'node',
});

/** Believes every proof, and says who it names. */
const believing: ProofVerifier = {
  verify: (proof) => {
    const base64 = Buffer.from(decodeProof(proof).certificate).toString('base64');
    return certificateIdentity(`-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`);
  },
};

describe('a listener that challenges', () => {
  test('asks TLS for no certificate, and takes the proof in its place: other nodes prove theirs by themselves', async () => {
    const address = 'wss://127.0.0.1:0';
    await using server = observed({ tls: tlsOf(node), challenging: [address], proofs: believing });
    const { serverName: _, ...byHost } = tlsOf(node);
    await using dialler = observed({ tls: byHost });
    const { address: bound, accepted } = await listen(server.transport, address);
    const { connection } = await dial(dialler.transport, bound);
    await connection.request(new Uint8Array(0));
    expect(accepted[0]?.remote.tls?.names).toContain('node');
    expect(accepted[0]?.remote.tls).toEqual(connection.remote.tls);
  });

  test('is told nothing by who asked it for another name than its host: it may be any node that is in the way', async () => {
    const address = 'wss://127.0.0.1:0';
    await using server = observed({ tls: tlsOf(node), challenging: [address], proofs: believing });
    await using dialler = observed({ tls: tlsOf(node) });
    const { address: bound, accepted } = await listen(server.transport, address);
    expect(await codeOf(dial(dialler.transport, bound))).toBe('Unauthorized');
    expect(accepted).toEqual([]);
  });

  test('may be plain on loopback, behind a proxy that ends TLS: who has nothing to prove is refused there too', async () => {
    const address = 'ws://127.0.0.1:0';
    await using server = observed({ challenging: [address], proofs: believing });
    const { address: bound, accepted } = await listen(server.transport, address);
    await using nobody = observed();
    expect(await codeOf(dial(nobody.transport, bound))).toBe('Unauthorized');
    expect(accepted).toEqual([]);
    await using somebody = observed({ proof: certificateProof({ certificate: node.cert, key: node.key }) });
    await (await dial(somebody.transport, bound)).connection.request(new Uint8Array(0));
    expect(accepted[0]?.remote.tls?.names).toContain('node');
  });

  test('other listeners of the transport ask as ever', async () => {
    const pages = 'ws://127.0.0.1:0';
    await using server = observed({ tls: tlsOf(node), challenging: [pages], proofs: believing });
    const { address } = await listen(server.transport, 'wss://127.0.0.1:0');
    const raw = await rawPeer(address, { ca: authority.cert, servername: 'node' }).catch((error: Error) => error);
    expect(raw).toBeInstanceOf(Error);
  });

  test('needs somebody who judges', () => {
    expect(() => observed({ challenging: ['ws://127.0.0.1:0'] })).toThrow(/challenging/);
    expect(() => observed({ challenging: ['nonsense'], proofs: believing })).toThrow('InvalidArgument');
  });
});
