import type { EnvSchema } from './env-schema.ts';
import type { Field } from './field.ts';

export interface ConfigSection {
  readonly title: string;
  readonly intro?: string;
  readonly schema: Pick<EnvSchema, 'fields'>;
}

/** The tables of docs/configuration.md: one section a program, one row a variable, in the order of its schema. */
export function renderConfigMarkdown(sections: readonly ConfigSection[]): string {
  return sections.map(renderSection).join('\n');
}

function renderSection(section: ConfigSection): string {
  const rows = Object.entries(section.schema.fields).map(([name, field]) => renderRow(name, field));
  return [
    `## ${section.title}`,
    '',
    ...(section.intro === undefined ? [] : [section.intro, '']),
    '| Variable | Default | Expected | Description |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function renderRow(name: string, field: Field<unknown>): string {
  const unit = field.unit === undefined ? '' : ` (${field.unit})`;
  const secret = field.secret ? ' Secret: never logged.' : '';
  const cells = [
    `\`${name}\``,
    renderDefault(field),
    escapeCell(`${field.expected}${unit}`),
    escapeCell(`${field.describe}${secret}`),
  ];
  return `| ${cells.join(' | ')} |`;
}

function renderDefault(field: Field<unknown>): string {
  if (field.defaultText !== undefined) return `\`${escapeCell(field.defaultText)}\``;
  return field.required ? 'required' : '(unset)';
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/\s*\n\s*/g, ' ');
}
