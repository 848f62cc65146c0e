import { expect, test } from 'vitest';
import { Mailbox } from './mailbox.js';

test('items are taken in order, before and after they are waited for', async () => {
  const mailbox = new Mailbox<number>();
  for (let item = 0; item < 500; item++) mailbox.push(item);
  for (let item = 0; item < 400; item++) expect(await mailbox.take()).toBe(item);
  expect(mailbox.size).toBe(100);
  for (let item = 400; item < 500; item++) expect(mailbox.shift()).toBe(item);
  const waiting = mailbox.take();
  mailbox.push(500);
  expect(await waiting).toBe(500);
});

test('what came before the end can be taken, then the end', async () => {
  const mailbox = new Mailbox<string>();
  mailbox.push('last');
  mailbox.end();
  mailbox.push('late');
  expect(await mailbox.take()).toBe('last');
  expect(await mailbox.take()).toBeUndefined();
});

test('a failure drops what waits, and reaches who waits', async () => {
  const mailbox = new Mailbox<string>();
  mailbox.push('dropped');
  const error = new Error('failed');
  mailbox.fail(error);
  await expect(mailbox.take()).rejects.toBe(error);
  const other = new Mailbox<string>();
  const waiting = other.take();
  other.fail(error);
  await expect(waiting).rejects.toBe(error);
});

test('only one waits at a time', async () => {
  const mailbox = new Mailbox<string>();
  const first = mailbox.take();
  await expect(mailbox.take()).rejects.toThrow(TypeError);
  mailbox.end();
  expect(await first).toBeUndefined();
});
