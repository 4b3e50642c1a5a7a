/** Where the page is; kept in the part of the address behind `#`, so the verifier serves one document only. */
export type Route =
  | { readonly view: 'overview' }
  | { readonly view: 'workers' }
  | { readonly view: 'worker'; readonly did: string }
  | { readonly view: 'epochs'; readonly before?: number }
  | { readonly view: 'epoch'; readonly epochId: number }
  | { readonly view: 'receipt'; readonly receiptId: string }
  | { readonly view: 'unknown' };

const DECIMAL = /^\d{1,16}$/;
const RECEIPT_ID = /^[0-9a-f]{64}$/;

/** @param hash - `location.hash`; anyone can send a link, so every part is checked */
export function parseRoute(hash: string): Route {
  const parts = hash.replace(/^#\/?/, '').split('/');
  const [view = '', rawId, ...surplus] = parts;
  const id = decode(rawId);
  if (surplus.length > 0) return { view: 'unknown' };
  if (view === '' && rawId === undefined) return { view: 'overview' };
  if (view === 'workers' && rawId === undefined) return { view: 'workers' };
  if (view === 'workers' && id?.startsWith('did:key:z')) return { view: 'worker', did: id };
  if (view === 'epochs' && rawId === undefined) return { view: 'epochs' };
  if (view === 'epochs' && id !== undefined) {
    if (DECIMAL.test(id)) return { view: 'epoch', epochId: Number(id) };
    if (/^before-\d{1,16}$/.test(id)) return { view: 'epochs', before: Number(id.slice(7)) };
  }
  if (view === 'receipts' && id !== undefined && RECEIPT_ID.test(id)) {
    return { view: 'receipt', receiptId: id };
  }
  return { view: 'unknown' };
}

/** The link to a route. */
export function hrefOf(route: Route): string {
  switch (route.view) {
    case 'overview':
    case 'unknown':
      return '#/';
    case 'workers':
      return '#/workers';
    case 'worker':
      return `#/workers/${encodeURIComponent(route.did)}`;
    case 'epochs':
      return route.before === undefined ? '#/epochs' : `#/epochs/before-${route.before}`;
    case 'epoch':
      return `#/epochs/${route.epochId}`;
    case 'receipt':
      return `#/receipts/${encodeURIComponent(route.receiptId)}`;
  }
}

/** What a person typed or pasted into the search field, as a route. */
export function routeOfSearch(typed: string): Route {
  const wanted = typed.trim();
  if (wanted.startsWith('did:key:z')) return { view: 'worker', did: wanted };
  if (RECEIPT_ID.test(wanted.toLowerCase())) {
    return { view: 'receipt', receiptId: wanted.toLowerCase() };
  }
  if (DECIMAL.test(wanted)) return { view: 'epoch', epochId: Number(wanted) };
  return { view: 'unknown' };
}

function decode(part: string | undefined): string | undefined {
  if (part === undefined) return undefined;
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
