const pids = new Set<number>();

// A test run that is cut short must leave no server behind: those that `flotilla dev` starts have sessions of their own.
process.once('exit', () => {
  for (const pid of pids) kill(pid, 'SIGKILL');
});

/** Makes sure that a process does not outlive this one. */
export function willEnd(pid: number | undefined): void {
  if (pid !== undefined) pids.add(pid);
}

/** The process has ended: its id may be given to another. */
export function hasEnded(pid: number | undefined): void {
  if (pid !== undefined) pids.delete(pid);
}

/** Sends a signal; one that is gone already is none of our concern. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
