import { SessionStateMachine } from '@flotilla/cluster';
import { KvGroups } from '@flotilla/kv';
import { KvEndpoint } from '@flotilla/kv/endpoint';
import type { Application } from './application.js';

/** The key-value store with exactly-once sessions and its endpoint for clients, as a server runs it. */
export const kvApplication: Application = {
  open({ runtime }) {
    const groups = new KvGroups((machine) => new SessionStateMachine(machine));
    let endpoint: KvEndpoint | undefined;
    return {
      stateMachine: groups.stateMachine,
      started: (node) => {
        endpoint = new KvEndpoint({ node, groups, runtime });
      },
      stop: async () => endpoint?.stop(),
    };
  },
};
