export { certificateProof, type CertificateProofOptions } from './proof/certificate-proof.js';
export { type CertificateProof, decodeProof, encodeProof, provenBytes, SIGNATURE_BYTES } from './proof/proof-format.js';
export { NONCE_BYTES, type PeerProof, type ProofVerifier } from './proof/peer-proof.js';
