import { defaultLimits, OPS_UNIT } from '@tops/protocol';
import {
  assess,
  MISS_SCORE_ALL,
  MISS_STEPS,
  MISS_WINDOW,
  NEW_KEY_RECEIPTS,
  QUARANTINE_DOUBLINGS_MAX,
  quarantineEpochs,
  TRUST_OPS_UNIT_DEFAULT,
  TRUST_STEPS,
  type Assessment,
  type Reputation,
} from './reputation.ts';

const trusted: Reputation = {
  accepted: NEW_KEY_RECEIPTS,
  streakUnits: (1_000n * TRUST_OPS_UNIT_DEFAULT) / OPS_UNIT,
  missScore: 0,
  probationEpochs: 0,
};

/** What the rule makes of a record under the protocol's default limits. */
function assessed(record: Partial<Reputation> | undefined, quarantinedUntilEpoch = 0): Assessment {
  return assess(record && { ...trusted, ...record, quarantinedUntilEpoch }, {
    auditRowsMin: defaultLimits.audit_rows_min,
    auditRowsMax: defaultLimits.audit_rows_max,
    maxOpen: defaultLimits.max_open_challenges,
    maxOpenNewKey: defaultLimits.max_open_challenges_new_key,
    epochId: 1,
  });
}

/** The rule by default limits, as the markdown tables of docs/reputation.md: every figure is the rule's own answer. */
export function renderReputationRule(): string {
  return [renderStates(), renderStreaks(), renderMisses(), renderQuarantines()].join('\n');
}

function renderStates(): string {
  const cells = (record: Partial<Reputation> | undefined, until?: number) => {
    const { state, auditRows, maxOpen } = assessed(record, until);
    return [`\`${state}\``, String(auditRows), String(maxOpen)];
  };
  return renderTable(
    ['record of the key', 'state', 'rows asked', 'open challenges'],
    [
      ['never seen', ...cells(undefined)],
      [
        `fewer than ${NEW_KEY_RECEIPTS} accepted receipts that stand, or no streak`,
        ...cells({ accepted: NEW_KEY_RECEIPTS - 1, streakUnits: 0n }),
      ],
      ['neither of all these, and the longest streak', ...cells({})],
      [
        'proven wrong, its quarantine not over: receipts are refused',
        `\`${assessed({ probationEpochs: 1 }, 2).state}\``,
        ...['—', '—'],
      ],
      ['quarantine over, clean epochs owed', ...cells({ probationEpochs: 1 })],
    ],
  );
}

function renderStreaks(): string {
  const rowsAt = (steps: bigint) =>
    String(assessed({ streakUnits: (steps * TRUST_OPS_UNIT_DEFAULT) / OPS_UNIT }).auditRows);
  return renderTable(
    ['streak, in steps of trust', 'rows asked'],
    [
      [`below ${TRUST_STEPS[0].steps}`, rowsAt(0n)],
      ...TRUST_STEPS.map(({ steps }) => [`from ${steps}`, rowsAt(steps)]),
    ],
  );
}

function renderMisses(): string {
  const cells = (missed: number) => {
    const { auditRows, maxOpen } = assessed({ missScore: missed * MISS_SCORE_ALL });
    return [String(auditRows), String(maxOpen)];
  };
  return renderTable(
    [
      `missed of the latest ${MISS_WINDOW} answers or so`,
      'rows asked, at least',
      'open challenges',
    ],
    [
      [`below ${MISS_STEPS[0].missed * 100} %`, ...cells(0)],
      ...MISS_STEPS.map(({ missed }) => [`from ${missed * 100} %`, ...cells(missed)]),
    ],
  );
}

function renderQuarantines(): string {
  const counts = Array.from({ length: QUARANTINE_DOUBLINGS_MAX + 1 }, (_, count) => count);
  return renderTable(
    [
      'rejected before',
      ...counts.map((count) => `${count}${count === counts.length - 1 ? ' and more' : ''}`),
    ],
    [
      [
        'times QUARANTINE_EPOCHS',
        ...counts.map((rejectedBefore) =>
          String(quarantineEpochs({ epochCount: 1, rejectedBefore })),
        ),
      ],
    ],
  );
}

/** The first column reads from the left, figures from the right. */
function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const rule = header.map((_, index) => (index === 0 ? '---' : '--:'));
  return [header, rule, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`).join('');
}
