import type { RemoteIdentity } from '@flotilla/transport';
import type { Hello } from '@flotilla/wire';

/** Who asks. */
export interface Requester {
  /** 0: a node that is not a member yet, and may only ask to join. */
  readonly node: number;
  readonly hello: Hello;
  readonly remote: RemoteIdentity;
}
