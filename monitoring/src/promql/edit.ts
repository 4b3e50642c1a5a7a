import { childrenOf, nodesOf, parsePromql, PromqlError, textOf } from './parse.ts';

/** `quantity operator number`, as every alert is one. */
export interface Comparison {
  /** The left side, as it stands there. */
  readonly quantity: string;
  readonly operator: '>' | '<' | '>=' | '<=' | '==' | '!=';
  readonly threshold: number;
}

const operators: readonly string[] = ['>', '<', '>=', '<=', '==', '!='];

/**
 * What an alert compares, guards (`… and …`, `… unless …`) left out.
 *
 * @throws PromqlError when the expression is no comparison with a number.
 */
export function comparisonOf(source: string): Comparison {
  const promql = parsePromql(source);
  let node = promql.root;
  for (;;) {
    const [left, operation, ...rest] = childrenOf(node);
    const right = rest.at(-1);
    if (node.name !== 'BinaryExpr' || left === undefined || operation === undefined) break;
    if (operation.name === 'And' || operation.name === 'Unless') {
      node = left;
      continue;
    }
    const operator = textOf(promql, operation);
    if (!operators.includes(operator) || right?.name !== 'NumberDurationLiteral') break;
    const quantity = textOf(promql, left).replaceAll(/\s+/g, ' ');
    const threshold = Number(textOf(promql, right));
    return { quantity, operator: operator as Comparison['operator'], threshold };
  }
  throw new PromqlError(`expected a comparison with a number, got: ${source.trim()}`);
}

/** The expression with one more matcher, say `instance=~"$instance"`, on each of its selectors. */
export function withMatcher(source: string, matcher: string): string {
  const { text, root } = parsePromql(source);
  let edited = text;
  for (const selector of nodesOf(root, 'VectorSelector').toReversed()) {
    const matchers = selector.getChild('LabelMatchers');
    if (matchers === null) {
      edited = `${edited.slice(0, selector.to)}{${matcher}}${edited.slice(selector.to)}`;
      continue;
    }
    const isEmpty = matchers.firstChild === null;
    const end = matchers.to - 1;
    edited = `${edited.slice(0, end)}${isEmpty ? '' : ', '}${matcher}${edited.slice(end)}`;
  }
  return edited;
}
