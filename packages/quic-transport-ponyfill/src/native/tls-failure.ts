import { QuicError, type QuicErrorCode } from '../errors.js';

/** Who refused: this side the server's certificate, or the peer this side's handshake. */
export type Refuser = 'this side' | 'the peer';

/** TLS alerts (RFC 8446 section 6.2) that say something about certificates or protocols. */
const ALERTS: ReadonlyMap<
  number,
  { readonly server: QuicErrorCode; readonly client: QuicErrorCode; readonly text: string }
> = new Map([
  [42, { server: 'CertificateNameMismatch', client: 'ClientCertificateRefused', text: 'bad certificate' }],
  [43, { server: 'CertificateUntrusted', client: 'ClientCertificateRefused', text: 'unsupported certificate' }],
  [44, { server: 'CertificateUntrusted', client: 'ClientCertificateRefused', text: 'certificate revoked' }],
  [
    45,
    { server: 'CertificateExpired', client: 'ClientCertificateRefused', text: 'certificate expired, or not yet valid' },
  ],
  [46, { server: 'CertificateUntrusted', client: 'ClientCertificateRefused', text: 'certificate unknown' }],
  [48, { server: 'CertificateUntrusted', client: 'ClientCertificateRefused', text: 'issuer unknown' }],
  [
    51,
    {
      server: 'CertificateUntrusted',
      client: 'ClientCertificateRefused',
      text: 'a signature is wrong, of the certificate or by its key',
    },
  ],
  [116, { server: 'ConnectFailed', client: 'ClientCertificateRequired', text: 'certificate required' }],
  [120, { server: 'AlpnMismatch', client: 'AlpnMismatch', text: 'no application protocol in common' }],
]);

/** What stacks say beside the number, which is more exact. */
const DETAILS: readonly (readonly [RegExp, QuicErrorCode])[] = [
  [/certificate required/iu, 'ClientCertificateRequired'],
  [/not valid for name/iu, 'CertificateNameMismatch'],
  [/expired|not valid yet/iu, 'CertificateExpired'],
  [/invalid peer certificate/iu, 'CertificateUntrusted'],
];

/** An error for a TLS alert; `detail` is what the stack said beside the number. */
export function tlsFailure(alert: number, refuser: Refuser, detail: string): QuicError {
  const known = ALERTS.get(alert);
  const byAlert = refuser === 'this side' ? known?.server : known?.client;
  const code = DETAILS.find(([pattern]) => pattern.test(detail))?.[1] ?? byAlert ?? 'ConnectFailed';
  const said = [known?.text ?? `alert ${alert}`, ...(detail === '' ? [] : [detail])].join(': ');
  return new QuicError(code, `TLS handshake refused by ${refuser}: ${said}`);
}
