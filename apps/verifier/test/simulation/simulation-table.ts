import { playAll, type Outcome } from './play.ts';

/** How every role fares, as the markdown table of docs/reputation.md. */
export function renderSimulationTable(): string {
  const header = [
    ...['worker', 'credit for each op done', 'credit for each op it could have done'],
    ...['rejected', 'missed', 'keys', 'rows asked, mean', 'rows asked, last'],
  ];
  const lines = [header, header.map((_, index) => (index === 0 ? '---' : '--:'))];
  for (const outcome of Object.values(playAll())) lines.push(cellsOf(outcome));
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}

function cellsOf(outcome: Outcome): string[] {
  const { role, creditPerWork, creditPerMachine, challenges } = outcome;
  const rowSum = challenges.reduce((sum, { rowCount }) => sum + rowCount, 0);
  return [
    ...[role.name, creditPerWork.toFixed(3), creditPerMachine.toFixed(3)],
    ...[outcome.rejected, outcome.missed, outcome.keyCount].map(String),
    ...[(rowSum / challenges.length).toFixed(1), String(challenges.at(-1)?.rowCount ?? 0)],
  ];
}
