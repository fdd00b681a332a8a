import type { Comparison } from './measure.ts';
import type { Measured } from './rounds.ts';

const HEAD = [
  'scenario',
  'conn',
  'beside',
  'per s',
  'limit',
  'ratio',
  'p50 ms',
  'limit',
  'p99 ms',
  'limit',
  'RSS MB',
  'peak',
];

/** What was measured with so many licenses. */
export interface Section {
  readonly licenses: number;
  readonly comparisons: readonly Comparison[];
}

const megabytes = (number: number | null) => number?.toFixed(0) ?? '–';

/** A run may be over before a single large file is there. */
const milliseconds = (number: number) => (Number.isNaN(number) ? '–' : number.toFixed(2));

const rowOf = (
  { scenario, connections, service, memory }: Comparison,
  beside: string,
  limit: Measured | null,
) => [
  scenario,
  `${connections}`,
  beside,
  service.perSecond.toFixed(0),
  limit?.perSecond.toFixed(0) ?? '–',
  limit === null ? '–' : (service.perSecond / limit.perSecond).toFixed(2),
  milliseconds(service.p50),
  milliseconds(limit?.p50 ?? Number.NaN),
  milliseconds(service.p99),
  milliseconds(limit?.p99 ?? Number.NaN),
  megabytes(memory.now),
  megabytes(memory.peak),
];

const TEXT_COLUMNS = new Set([0, 2]);

export function alignedRows(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((cells) => cells[column]?.length ?? 0)),
  );
  return rows
    .map((cells) =>
      cells
        .map((cell, i) => (TEXT_COLUMNS.has(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function tableOf({ licenses, comparisons }: Section): string {
  const rows = comparisons.flatMap((comparison) =>
    comparison.limits.length === 0
      ? [rowOf(comparison, 'nothing', null)]
      : comparison.limits.map(({ name, measured }) => rowOf(comparison, name, measured)),
  );
  return `${licenses.toLocaleString('en')} licenses\n\n${alignedRows([HEAD, ...rows])}`;
}

/** What is compared within the service itself: a refusal with what it refuses, a large data set with a small one. */
export function crossRatios(sections: readonly Section[]): string[] {
  const lines: string[] = [];
  const line = (what: string, a: Comparison | undefined, b: Comparison | undefined) => {
    if (a === undefined || b === undefined) return;
    lines.push(`${what}: ${(a.service.perSecond / b.service.perSecond).toFixed(2)}`);
  };
  const find = ({ comparisons }: Section, name: string, connections: number) =>
    comparisons.find((one) => one.scenario === name && one.connections === connections);
  for (const section of sections) {
    for (const one of section.comparisons.filter(({ scenario }) => scenario === 'validate-refused')) {
      const at = `${one.connections} connections, ${section.licenses.toLocaleString('en')} licenses`;
      line(`refused of validate (fresh), ${at}`, one, find(section, 'validate-fresh', one.connections));
    }
  }
  const [small, ...larger] = [...sections].sort((a, b) => a.licenses - b.licenses);
  for (const section of larger) {
    for (const one of section.comparisons) {
      const of = `${section.licenses.toLocaleString('en')} licenses of ${small?.licenses.toLocaleString('en')}`;
      const base = small && find(small, one.scenario, one.connections);
      line(`${one.scenario} at ${one.connections} connections, ${of}`, one, base);
    }
  }
  return lines;
}
