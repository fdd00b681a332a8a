import { idInSql } from '../data-set.ts';
import { SAMPLE, type Recorded } from './activation.ts';

/** A number that no other transaction of this run has: pgbench numbers its clients, and each counts its own. */
const OWN = '(:client_id::bigint * 4294967296 + :turn::bigint)';

const ownId = (kind: string, run: number) =>
  `('01910000-${run.toString(16).padStart(4, '0')}-7000-${kind}-' || lpad(to_hex(${OWN}), 12, '0'))::uuid`;

const UUID = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** What stands for a value of the recorded activation in every other one. */
function substitutes(run: number): (value: string) => string | undefined {
  const known: Record<string, string> = {
    [SAMPLE.license]: idInSql('license', ':license::bigint'),
    [SAMPLE.seat]: ownId('9100', run),
    [SAMPLE.lease]: ownId('9200', run),
    [SAMPLE.hardware]: `lpad(to_hex(${OWN}), 64, '0')`,
  };
  const isId = new RegExp(`^${UUID}$`);
  // The one id that is left is that of the audit event.
  return (value) => known[value] ?? (isId.test(value) ? ownId('9300', run) : undefined);
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;

/** pgbench takes a colon before a letter or a digit for a variable, in quotes as well. */
const withoutVariables = (text: string) => quoted(text).replace(/:(?=\w)/g, `:' || '`);

function textOf(text: string, instead: (value: string) => string | undefined): string {
  const parts = text.split(new RegExp(`(${UUID}|${SAMPLE.hardware})`)).filter((part) => part !== '');
  const [only] = parts;
  const whole = parts.length === 1 ? instead(only ?? '') : undefined;
  if (whole !== undefined) return whole;
  const rendered = parts.map((part) => {
    const expression = instead(part);
    return expression === undefined ? withoutVariables(part) : `(${expression})::text`;
  });
  return rendered.length === 0 ? "''" : `(${rendered.join(' || ')})`;
}

function literal(value: unknown, instead: (value: string) => string | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Date) return 'now()';
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'::bytea`;
  if (Array.isArray(value)) return `array[${value.map((one) => literal(one, instead)).join(', ')}]`;
  return textOf(typeof value === 'string' ? value : JSON.stringify(value), instead);
}

/** The recorded transaction as a script of pgbench, for any of `licenses`; `run` keeps the ids of two runs apart. */
export function pgbenchScript(
  recorded: readonly Recorded[],
  { licenses, run }: { readonly licenses: number; readonly run: number },
): string {
  const instead = substitutes(run);
  const statements = recorded.map(({ text, values }) =>
    text.replace(/\$(\d+)/g, (_, place: string) => literal(values[Number(place) - 1], instead)),
  );
  return [
    '\\set turn :turn + 1',
    `\\set license random(0, ${licenses - 1})`,
    ...['begin', ...statements, 'commit'].map((statement) => `${statement};`),
    '',
  ].join('\n');
}
