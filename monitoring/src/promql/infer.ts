import type { SyntaxNode } from '@lezer/common';
import { childrenOf, textOf, unquoted, type Promql } from './parse.ts';
import type { Labels, SeriesIndex } from './series.ts';

export interface Inferred {
  /** Of what the expression gives; none for a number. */
  readonly labels: Labels;
  /** What it reads: families of the apps, recording rules, Prometheus' own series. */
  readonly sources: ReadonlySet<string>;
  readonly problems: readonly string[];
}

/** The labels that an expression gives, by the rules of PromQL, and what it asks of series that they do not have. */
export function inferLabels(promql: Promql, series: SeriesIndex): Inferred {
  const walk = new Walk(promql, series);
  const labels = walk.labelsOf(promql.root) ?? new Map();
  return { labels, sources: walk.sources, problems: walk.problems };
}

const noLabels: Labels = new Map();
/** Functions that give a number, and those whose result has no label, whatever they are given. */
const scalars = new Set(['Scalar', 'Time', 'Pi']);
const labelless = new Set(['Vector', 'Absent', 'AbsentOverTime']);
/** Aggregations that pick whole series. */
const picking = new Set(['Topk', 'Bottomk', 'LimitK', 'LimitRatio']);

class Walk {
  readonly sources = new Set<string>();
  readonly problems: string[] = [];
  readonly #promql: Promql;
  readonly #series: SeriesIndex;

  constructor(promql: Promql, series: SeriesIndex) {
    this.#promql = promql;
    this.#series = series;
  }

  /** Undefined for a number or a string. */
  labelsOf(node: SyntaxNode): Labels | undefined {
    switch (node.name) {
      case 'VectorSelector':
        return this.#selector(node);
      case 'AggregateExpr':
        return this.#aggregation(node);
      case 'FunctionCall':
        return this.#call(node);
      case 'BinaryExpr':
        return this.#binary(node);
      case 'NumberDurationLiteral':
      case 'StringLiteral':
        return undefined;
      default:
        // Parentheses, signs, ranges, offsets and subqueries leave labels as they are.
        return childrenOf(node)
          .map((child) => this.labelsOf(child))
          .find((labels) => labels !== undefined);
    }
  }

  #selector(node: SyntaxNode): Labels {
    const identifier = node.getChild('Identifier');
    const name = identifier === null ? '' : textOf(this.#promql, identifier);
    const found = this.#series.find(name);
    if (found === undefined) {
      this.problems.push(name === '' ? 'a selector without a metric name' : `no metric ${name}`);
      return noLabels;
    }
    this.sources.add(found.source);
    for (const matcher of node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? [])
      this.#checkMatcher(matcher, { name, labels: found.labels });
    return found.labels;
  }

  #checkMatcher(matcher: SyntaxNode, { name, labels }: { name: string; labels: Labels }): void {
    const [label = '', operator = '', quoted = ''] = childrenOf(matcher).map((child) =>
      textOf(this.#promql, child),
    );
    const value = unquoted(quoted);
    if (!labels.has(label)) {
      this.problems.push(`${name} has no label ${label}`);
      return;
    }
    const known = labels.get(label);
    // A variable of Grafana, or the empty value that stands for absence.
    if (known === undefined || value.includes('$') || value === '') return;
    const wanted = /^[\w|-]+$/.test(value) && operator.includes('~') ? value.split('|') : [value];
    for (const one of wanted) {
      const pattern = operator.includes('~') ? new RegExp(`^(?:${one})$`) : undefined;
      const isKnown = known.some((candidate) => pattern?.test(candidate) ?? candidate === one);
      if (!isKnown) this.problems.push(`${name} never has ${label}="${one}"`);
    }
  }

  #aggregation(node: SyntaxNode): Labels {
    const operator = node.getChild('AggregateOp')?.firstChild?.name ?? '';
    const inner = this.#argumentsOf(node).at(-1) ?? noLabels;
    const modifier = node.getChild('AggregateModifier');
    const named = this.#labelNames(modifier?.getChild('GroupingLabels'));
    for (const label of named)
      if (!inner.has(label)) this.problems.push(`nothing has the label ${label} to group by`);
    if (picking.has(operator)) return inner;
    if (modifier === null) return noLabels;
    const isKept = (label: string) => named.includes(label) === (modifier.getChild('By') !== null);
    return new Map([...inner].filter(([label]) => isKept(label)));
  }

  #call(node: SyntaxNode): Labels | undefined {
    const name = node.getChild('FunctionIdentifier')?.firstChild?.name ?? '';
    const [first = noLabels] = this.#argumentsOf(node);
    if (scalars.has(name)) return undefined;
    if (labelless.has(name)) return noLabels;
    const labels = new Map(first);
    if (name === 'HistogramQuantile' && !labels.delete('le'))
      this.problems.push('histogram_quantile of something without the label le');
    if (name === 'LabelReplace' || name === 'LabelJoin') {
      const made = node.getChild('FunctionCallBody')?.getChild('StringLiteral');
      if (made) labels.set(unquoted(textOf(this.#promql, made)), undefined);
    }
    return labels;
  }

  /** Of those arguments that are vectors. */
  #argumentsOf(node: SyntaxNode): Labels[] {
    const body = node.getChild('FunctionCallBody');
    if (body === null) return [];
    return childrenOf(body)
      .map((child) => this.labelsOf(child))
      .filter((labels) => labels !== undefined);
  }

  #binary(node: SyntaxNode): Labels | undefined {
    const children = childrenOf(node);
    const [leftNode, operation] = children;
    const rightNode = children.at(-1);
    if (leftNode === undefined || operation === undefined || rightNode === undefined)
      return noLabels;
    const left = this.labelsOf(leftNode);
    const right = this.labelsOf(rightNode);
    if (left === undefined || right === undefined) return left ?? right;
    if (operation.name === 'Or') return union(left, right);
    const result = this.#matched(node.getChild('MatchingModifierClause'), { left, right });
    return operation.name === 'And' || operation.name === 'Unless' ? left : result;
  }

  /** What one-to-one and grouped matching leave; and whether the two sides can match at all. */
  #matched(
    clause: SyntaxNode | null,
    { left, right }: { readonly left: Labels; readonly right: Labels },
  ): Labels {
    const [matching, grouping] = clause?.getChildren('GroupingLabels') ?? [];
    const named = this.#labelNames(matching);
    const isOn = clause !== null && clause.getChild('On') !== null;
    const isIgnored = (label: string) => named.includes(label) !== isOn;
    const compared = (labels: Labels) =>
      clause === null
        ? [...labels.keys()]
        : [...labels.keys()].filter((label) => !isIgnored(label));
    const [ofLeft, ofRight] = [compared(left).sort(), compared(right).sort()];
    if (ofLeft.join() !== ofRight.join())
      this.problems.push(`sides that never match: by {${ofLeft}} and by {${ofRight}}`);
    for (const label of named)
      if (!left.has(label) && !right.has(label)) this.problems.push(`no label ${label} to match`);
    const many = clause?.getChild('GroupRight') ? right : left;
    const one = many === left ? right : left;
    if (clause?.getChild('GroupLeft') || clause?.getChild('GroupRight')) {
      const taken = this.#labelNames(grouping);
      for (const label of taken)
        if (!one.has(label)) this.problems.push(`no label ${label} to take over`);
      return new Map([...many, ...taken.map((label) => [label, one.get(label)] as const)]);
    }
    return new Map([...left].filter(([label]) => ofLeft.includes(label)));
  }

  #labelNames(grouping: SyntaxNode | null | undefined): string[] {
    return (grouping?.getChildren('LabelName') ?? []).map((label) => textOf(this.#promql, label));
  }
}

function union(left: Labels, right: Labels): Labels {
  const both = new Map(left);
  for (const [label, values] of right) {
    const known = both.get(label);
    const isOpen = values === undefined || (both.has(label) && known === undefined);
    both.set(label, isOpen ? undefined : [...new Set([...(known ?? []), ...values])]);
  }
  return both;
}
