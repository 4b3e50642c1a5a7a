import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** An expression with its syntax tree, by Prometheus' own grammar. */
export interface Promql {
  readonly text: string;
  readonly root: SyntaxNode;
}

export class PromqlError extends Error {
  override readonly name = 'PromqlError';
}

/**
 * Grafana puts these in when it asks; here any duration will do. Other variables stand in strings, where the grammar
 * does not look.
 */
const grafanaDurations = /\$__(rate_interval|interval|range)\b/g;

/** @throws PromqlError with the place of the first mistake. */
export function parsePromql(source: string): Promql {
  const text = source.replaceAll(grafanaDurations, '5m');
  const tree = parser.parse(text);
  tree.iterate({
    enter({ type, from }) {
      if (!type.isError) return;
      const rest = text.slice(from, from + 20);
      throw new PromqlError(`expected PromQL, got "${rest}" at ${from + 1} of: ${text.trim()}`);
    },
  });
  const root = tree.topNode.firstChild;
  if (root === null) throw new PromqlError('expected PromQL, got nothing');
  return { text, root };
}

export function textOf({ text }: Promql, node: SyntaxNode): string {
  return text.slice(node.from, node.to);
}

/** Of a string in any of the three quotes; escapes are kept as they are, no rule here needs one. */
export function unquoted(text: string): string {
  return text.slice(1, -1);
}

export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
}

/** Every node of a kind at or below `node`, in order. */
export function nodesOf(node: SyntaxNode, kind: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  node.cursor().iterate((at) => {
    if (at.name === kind && at.from >= node.from && at.to <= node.to) found.push(at.node);
  });
  return found;
}
