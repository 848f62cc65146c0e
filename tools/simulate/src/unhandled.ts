/** Tells of rejections that nobody handled, and of throws that nobody caught, until the returned function is called. The process lives on. */
export function onUnhandledRejection(listener: (error: unknown) => void): () => void {
  process.on('unhandledRejection', listener);
  process.on('uncaughtException', listener);
  return () => {
    process.off('unhandledRejection', listener);
    process.off('uncaughtException', listener);
  };
}
