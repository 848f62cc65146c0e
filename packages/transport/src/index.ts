export { isLoopbackAddress } from './address/internet-address.js';
export {
  type CertificateClaims,
  certificateClaims,
  CLIENT_CERTIFICATE_NAME,
  isReservedName,
  NODE_CERTIFICATE_NAME,
  nodeCertificateName,
} from './certificate-names.js';
export { defaultTransportLimits, transportLimits } from './limits.js';
export { type TransportEvent, type TransportMetrics, transportMetrics } from './observe.js';
export type { PeerProof, ProofVerifier } from './proof/peer-proof.js';
export type * from './transport.js';
