import { systemRuntime as runtime } from '@flotilla/runtime/system';
import { expect, test } from 'vitest';
import { StrictDatabase } from '../src/database/strict-database.js';
import { ChunkContents } from '../src/files/chunk-contents.js';
import { DatabaseFiles } from '../src/files/database-files.js';

async function freshFiles(): Promise<{ readonly database: StrictDatabase; readonly files: DatabaseFiles }> {
  const database = await StrictDatabase.open(`files-${runtime.random()}`, runtime);
  return {
    database,
    files: await DatabaseFiles.open(database, { tree: 'files', contents: new ChunkContents(database) }),
  };
}

test('a file that two make at the same time is one file', async () => {
  const { database, files } = await freshFiles();
  const [one, other] = await Promise.all([files.open('a', { create: true }), files.open('a', { create: true })]);
  await one.writeAt(0, Uint8Array.of(1, 2, 3));
  const read = new Uint8Array(3);
  expect(await other.readAt(0, read)).toBe(3);
  expect([...read]).toEqual([1, 2, 3]);
  await one.close();
  await other.close();
  await database.close();
});

test('a change of names that the database refuses is not made', async () => {
  const { database, files } = await freshFiles();
  await (await files.open('a', { create: true })).close();
  const write = database.write.bind(database);
  database.write = () => Promise.reject(new Error('refused'));
  await expect(files.rename('a', 'b')).rejects.toThrow('refused');
  await expect(files.remove('a')).rejects.toThrow('refused');
  await expect(files.open('c', { create: true })).rejects.toThrow('refused');
  expect(await files.list('')).toEqual(['a']);
  database.write = write;
  await files.rename('a', 'b');
  expect(await files.list('')).toEqual(['b']);
  await database.close();
});
