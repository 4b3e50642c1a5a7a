import { parseAllDocuments } from 'yaml';

export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** An object of the cluster. `spec` and the like are read through the shapes below, once the schemas have been checked. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** One set of manifests, as kustomize rendered it. */
export interface Rendering {
  /** `production`, `staging`, or the component's name. */
  readonly name: string;
  readonly objects: readonly KubeObject[];
}

export interface LabelSelector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

/**
 * Reads what kustomize printed.
 *
 * @throws Error when a document is not an object with apiVersion, kind and a name.
 */
export function parseManifests(text: string): KubeObject[] {
  return parseAllDocuments(text).map((document, index) => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`document ${index}: ${error.message}`);
    const value = document.toJS() as Partial<KubeObject> | null;
    if (!value?.apiVersion || !value.kind || !value.metadata?.name) {
      throw new Error(`document ${index}: expected apiVersion, kind and metadata.name`);
    }
    return value as KubeObject;
  });
}

/** `Deployment tops-worker`, for messages. */
export function nameOf({ kind, metadata }: KubeObject): string {
  return `${kind} ${metadata.name}`;
}

export function objectsOf(objects: readonly KubeObject[], kind: string): KubeObject[] {
  return objects.filter((object) => object.kind === kind);
}

export function findObject(
  objects: readonly KubeObject[],
  { kind, name }: { readonly kind: string; readonly name: string },
): KubeObject | undefined {
  return objects.find((object) => object.kind === kind && object.metadata.name === name);
}

/** Whether labels are selected; an absent selector selects nothing, an empty one everything. */
export function selects(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  if (selector === undefined) return false;
  const byLabel = Object.entries(selector.matchLabels ?? {});
  return (
    byLabel.every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'Exists') return value !== undefined;
      if (operator === 'DoesNotExist') return value === undefined;
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      throw new Error(`expected an operator of label selectors, got ${operator}`);
    })
  );
}
