import { invalid } from '../storage-errors.js';

/** The path of a name in a folder. */
export function joined(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** The names on the way to a path. @throws {FlotillaError} InvalidArgument for one that leads out of the tree */
export function partsOf(path: string): string[] {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw invalid('path', `${path} leads out of the tree`);
  return parts;
}
