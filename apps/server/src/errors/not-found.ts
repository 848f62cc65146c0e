/** What a command names is not in the cluster. Nothing was done; the command ends with `ExitCode.notFound`. */
export class NotFound extends Error {
  override readonly name = 'NotFound';
}
