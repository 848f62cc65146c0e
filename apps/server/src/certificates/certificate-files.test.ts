import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CertificateFile, readText, writeFiles } from './certificate-files.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flotilla-files-'));
});
afterEach(async () => await rm(folder, { recursive: true }));

const file = (name: string, text: string, access: CertificateFile['access'] = 'public'): CertificateFile => ({
  path: join(folder, name),
  text,
  access,
});

describe('files of certificates', () => {
  test('keys can be read by their owner alone, in folders that are made for them', async () => {
    await writeFiles([file('new/cert.pem', 'c'), file('new/key.pem', 'k', 'secret')], 'keep');
    const mode = async (path: string) => (await stat(join(folder, path))).mode & 0o777;
    expect(await mode('new/key.pem')).toBe(0o600);
    expect((await mode('new/cert.pem')) & 0o022).toBe(0);
    expect(await mode('new')).toBe(0o700);
    expect((await readdir(join(folder, 'new'))).toSorted()).toEqual(['cert.pem', 'key.pem']);
  });

  test('nothing is replaced, and nothing else is written, where one of them exists', async () => {
    await writeFile(join(folder, 'key.pem'), 'former');
    const files = [file('cert.pem', 'c'), file('key.pem', 'k', 'secret')];
    await expect(writeFiles(files, 'keep')).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(/key\.pem exists; nothing was written/),
    });
    expect(await readdir(folder)).toEqual(['key.pem']);
    expect(await readFile(join(folder, 'key.pem'), 'utf8')).toBe('former');
  });

  test('the same text may be there already', async () => {
    await writeFile(join(folder, 'ca.pem'), 'a');
    await writeFiles([file('ca.pem', 'a'), file('cert.pem', 'c')], 'keep');
    expect((await readdir(folder)).toSorted()).toEqual(['ca.pem', 'cert.pem']);
  });

  test('where it is asked for they are replaced, and a key that others could read no longer is', async () => {
    await writeFile(join(folder, 'key.pem'), 'former', { mode: 0o644 });
    await writeFiles([file('key.pem', 'k', 'secret')], 'overwrite');
    expect(await readFile(join(folder, 'key.pem'), 'utf8')).toBe('k');
    expect((await stat(join(folder, 'key.pem'))).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['key.pem']);
  });

  test('where a later one cannot be written, the earlier ones are taken back', async () => {
    await writeFile(join(folder, 'file'), '');
    await expect(
      writeFiles([file('cert.pem', 'c'), file('file/key.pem', 'k', 'secret')], 'keep'),
    ).rejects.toMatchObject({
      code: 'InvalidArgument',
    });
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('a file that is not there is named, with what would make it', async () => {
    await expect(readText(join(folder, 'x'), 'Make it so')).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringMatching(/x cannot be read: .*ENOENT.*\. Make it so/),
    });
  });
});
