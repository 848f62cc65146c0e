import { FlotillaClient } from '@flotilla/client';
import { isFlotillaError } from '@flotilla/errors';
import { systemRuntime } from '@flotilla/runtime/system';
import { certificateProof } from '@flotilla/transport/proof';
import { webSocketTransport } from '@flotilla/transport-ws/browser';

/** What the worker is configured with. */
export interface Environment {
  /** Addresses of servers, with commas. */
  readonly ENDPOINTS: string;
  /** How long a request may take. */
  readonly TIMEOUT_MS: string;
  /** Secrets, in PEM: what it proves itself with where servers want that. */
  readonly CERTIFICATE?: string;
  readonly KEY?: string;
}

/** A client with its transport, closed together. */
class Session implements AsyncDisposable {
  readonly client: FlotillaClient;
  readonly #close: () => Promise<void>;

  private constructor(client: FlotillaClient, close: () => Promise<void>) {
    this.client = client;
    this.#close = close;
  }

  static async open({ ENDPOINTS, TIMEOUT_MS, CERTIFICATE, KEY }: Environment): Promise<Session> {
    const transport = webSocketTransport({
      runtime: systemRuntime,
      ...(CERTIFICATE === undefined || KEY === undefined
        ? {}
        : { proof: certificateProof({ certificate: CERTIFICATE, key: KEY }) }),
    });
    try {
      const client = await FlotillaClient.connect({
        endpoints: ENDPOINTS.split(','),
        transports: [transport],
        runtime: systemRuntime,
        requestTimeoutMs: Number(TIMEOUT_MS),
      });
      return new Session(client, async () => {
        await client.close();
        await transport.close();
      });
    } catch (error) {
      await transport.close();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/** Answers over HTTP from the cluster: `PUT`, `GET` and `DELETE` of `/keys/…`, `GET /count/…` and `GET /next/…`. */
async function answer(client: FlotillaClient, request: Request): Promise<Response> {
  const [, kind, ...rest] = decodeURIComponent(new URL(request.url).pathname).split('/');
  const key = rest.join('/');
  switch (`${request.method} ${kind}`) {
    case 'PUT keys': {
      const { revision, group } = await client.put(key, new Uint8Array(await request.arrayBuffer()));
      return Response.json({ revision, group });
    }
    case 'GET keys': {
      const pair = await client.get(key);
      return pair === undefined ? new Response('no such key', { status: 404 }) : new Response(pair.text());
    }
    case 'DELETE keys': {
      const { deleted } = await client.delete(key);
      return Response.json({ deleted });
    }
    case 'GET count': {
      let count = 0;
      for await (const _ of client.scan({ prefix: key })) count++;
      return Response.json({ count });
    }
    case 'GET next': {
      // Waits for the next change of the key; a write of another key tells others that the watch has begun.
      await using watch = client.watch(key);
      await watch.started;
      await client.put(`${key}/watched`, '');
      for await (const { kv } of watch.events()) return new Response(kv.text());
      return new Response('the watch ended', { status: 500 });
    }
    default:
      return new Response('not found', { status: 404 });
  }
}

async function answerOrSay(client: () => Promise<FlotillaClient>, request: Request): Promise<Response> {
  try {
    return await answer(await client(), request);
  } catch (error) {
    if (isFlotillaError(error)) return Response.json({ code: error.code, outcome: error.outcome }, { status: 503 });
    return Response.json({ code: 'a bug', stack: String((error as Error).stack) }, { status: 500 });
  }
}

/** A worker: what is opened for a request belongs to that request, so each has a client of its own. */
export default {
  async fetch(
    request: Request,
    environment: Environment & {
      readonly KEEPER?: { getByName(name: string): { fetch(request: Request): Promise<Response> } };
    },
  ): Promise<Response> {
    const url = new URL(request.url);
    if (url.pathname === '/') return new Response('up');
    if (url.pathname.startsWith('/kept/') && environment.KEEPER !== undefined) {
      const kept = new Request(url.href.replace('/kept/', '/'), request);
      return await environment.KEEPER.getByName('one').fetch(kept);
    }
    let session: Session | undefined;
    try {
      return await answerOrSay(async () => (session = await Session.open(environment)).client, request);
    } finally {
      await session?.[Symbol.asyncDispose]();
    }
  },
};

/** A Durable Object: lives longer than a request, and so does its client. */
export class Keeper {
  readonly #environment: Environment;
  #session: Promise<Session> | undefined;

  constructor(_state: unknown, environment: Environment) {
    this.#environment = environment;
  }

  async fetch(request: Request): Promise<Response> {
    return await answerOrSay(async () => {
      this.#session ??= Session.open(this.#environment).catch((error: unknown) => {
        this.#session = undefined;
        throw error;
      });
      return (await this.#session).client;
    }, request);
  }
}
