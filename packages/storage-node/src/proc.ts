/**
 * Whether what /proc tells of processes may be read. Deno gives it to programs with all permissions only, and asks the person at the
 * terminal otherwise; a server is to need fewer.
 */
export const PROC_IS_OPEN: boolean = process.platform === 'linux' && !('deno' in process.versions);
