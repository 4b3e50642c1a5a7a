import { findObject, type KubeObject } from './manifest.ts';

/** A Secret that the manifests refer to and the repository does not hold. */
export interface OutsideSecret {
  readonly keys: readonly string[];
  /** Who makes it, for people. */
  readonly madeBy: string;
  /** The object whose operator makes it: without that the Secret never comes to be. */
  readonly of?: { readonly kind: string; readonly name: string };
  /** It may come after the deployment: cert-manager makes it once it sees the Ingress. */
  readonly mayComeLater?: boolean;
}

const ledger = { kind: 'Cluster', name: 'tops-ledger' } as const;

export const outsideSecrets: Readonly<Record<string, OutsideSecret>> = {
  'tops-worker-secrets': { keys: ['WORKER_SK_HEX', 'VERIFY_PUBKEY'], madeBy: 'k8s:secrets' },
  'tops-verifier-secrets': { keys: ['VERIFIER_SK_HEX'], madeBy: 'k8s:secrets' },
  'tops-verifier-database': { keys: ['DATABASE_URL'], madeBy: 'k8s:secrets --database-url-file' },
  'tops-verifier-tls': {
    keys: ['tls.crt', 'tls.key'],
    madeBy: 'cert-manager, or by hand',
    mayComeLater: true,
  },
  // https://cloudnative-pg.io/documentation/current/applications/#secrets
  'tops-ledger-app': {
    keys: ['dbname', 'host', 'password', 'port', 'uri', 'user', 'username'],
    madeBy: 'CloudNativePG',
    of: ledger,
  },
  'tops-ledger-ca': { keys: ['ca.crt', 'ca.key'], madeBy: 'CloudNativePG', of: ledger },
};

/** The keys of a Secret that will be there beside `objects`; undefined when nobody makes it. */
export function secretKeys(
  name: string,
  objects: readonly KubeObject[],
): readonly string[] | undefined {
  const secret = outsideSecrets[name];
  if (secret?.of !== undefined && findObject(objects, secret.of) === undefined) return undefined;
  return secret?.keys;
}

/** Values that the programs accept, for checks and trials; none is worth anything. */
export const exampleSecretValues: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'tops-worker-secrets': {
    WORKER_SK_HEX: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    VERIFY_PUBKEY: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  },
  'tops-verifier-secrets': {
    VERIFIER_SK_HEX: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
  },
  'tops-verifier-database': { DATABASE_URL: 'postgres://tops:example@database.example.com/tops' },
  'tops-ledger-app': { uri: 'postgresql://tops:example@tops-ledger-rw.tops-worker:5432/tops' },
};
