/** Who the page is to servers beyond this machine: the certificate of a node, as `flotilla cert node` makes it, and its key. */
export interface Identity {
  /** PEM. */
  readonly certificate: string;
  /** Signs; cannot be taken out of this browser. */
  readonly key: CryptoKey;
}

const STORE = 'identity';

/** Keeps an identity in this browser. The key goes in as text and is a text never again. Rejects where it is no EC key over P-256 in PEM (PKCS 8). */
export async function keepIdentity(name: string, certificate: string, keyText: string): Promise<void> {
  const pkcs8 = Uint8Array.from(atob(keyText.replaceAll(/-----[A-Z ]+-----|\s/g, '')), (char) => char.charCodeAt(0));
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const identity: Identity = { certificate, key };
  await inStore(name, 'readwrite', (store) => store.put(identity, STORE));
}

/** The identity that was kept; undefined: none. */
export function keptIdentity(name: string): Promise<Identity | undefined> {
  return inStore(name, 'readonly', (store) => store.get(STORE) as IDBRequest<Identity | undefined>);
}

async function inStore<T>(
  name: string,
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const opening = indexedDB.open(`member-${name}-identity`, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  const database = await settled(opening);
  try {
    const transaction = database.transaction(STORE, mode);
    const committed = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the database took nothing'));
    });
    // A page that is left takes what is not committed with it.
    const [result] = await Promise.all([settled(work(transaction.objectStore(STORE))), committed]);
    return result;
  } finally {
    database.close();
  }
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database did not answer'));
  });
}
