import { makeCertificate, type TestCertificate } from '../../transport-ws/test/certificates.js';
import type { QuicTls } from '../src/options.js';

export { makeCertificate, type TestCertificate } from '../../transport-ws/test/certificates.js';

/** An authority, and what a node has of it. */
export interface TestCluster {
  readonly authority: TestCertificate;
  readonly tls: QuicTls;
}

/** A node's certificate as `flotilla cert` makes it: the name that all nodes have. */
export async function makeCluster(): Promise<TestCluster> {
  const authority = await makeCertificate({ commonName: 'test authority', authority: true });
  const node = await makeCertificate({ commonName: 'node', dnsNames: ['node.flotilla'], issuer: authority });
  return { authority, tls: { ca: authority.cert, cert: node.cert, key: node.key } };
}
