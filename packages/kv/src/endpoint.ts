export { DEFAULT_ENDPOINT_LIMITS, type EndpointLimits } from './endpoint/endpoint-limits.js';
export type { EndpointNode } from './endpoint/endpoint-node.js';
export { DEFAULT_HISTORY_POLICY, type HistoryPolicy } from './endpoint/history-keeper.js';
export { type EndpointStats, KvEndpoint, type KvEndpointOptions } from './endpoint/kv-endpoint.js';
