import { validateSync, type ValidationError } from 'class-validator';
import { isRecord } from './checks.js';
import { FIELD, fieldsOf, type Dto, type FieldSpec } from './dto-field.js';
import { fieldErrors } from './errors.js';
import { placed, sentence } from './sentences.js';

export type Source = 'body' | 'query';

type Raw = Readonly<Record<string, unknown>>;

/** Messages by the path of their field. */
type Messages = Map<string, string[]>;

/** Unknown names are echoed: a body full of them must not become an answer full of them. */
const MAX_UNKNOWN_FIELDS = 20;
const MAX_ECHOED_LENGTH = 64;

const VALIDATION = { forbidUnknownValues: false, validationError: { target: false, value: false } };

/** The value of a field before it is checked; undefined when it is missing, as which null and '' count too. */
function valueOf(raw: Raw, name: string, spec: FieldSpec, source: Source): unknown {
  const value = raw[name];
  if (value === null || value === '') return spec.nullable && source === 'body' ? null : spec.default;
  if (value === undefined) return spec.default;
  if (spec.nested !== undefined && isRecord(value)) return instantiate(spec.nested(), value, source);
  return source === 'query' && typeof value === 'string' && spec.fromText ? spec.fromText(value) : value;
}

function instantiate(dto: Dto, raw: Raw, source: Source): object {
  const instance = new dto();
  for (const [name, spec] of fieldsOf(dto)) {
    const value = valueOf(raw, name, spec, source);
    if (value !== undefined) Reflect.set(instance, name, value);
  }
  return instance;
}

function collectProblems(
  dto: Dto,
  errors: readonly ValidationError[],
  path: string,
  messages: Messages,
): void {
  const byName = new Map(errors.map((error) => [error.property, error]));
  for (const [name, spec] of fieldsOf(dto)) {
    const error = byName.get(name);
    const text = error?.constraints?.[FIELD];
    if (text !== undefined) messages.set(path + name, [placed(text, path + name)]);
    else if (error?.children && spec.nested)
      collectProblems(spec.nested(), error.children, `${path}${name}.`, messages);
  }
}

function collectUnknown(dto: Dto | null, raw: Raw, path: string, messages: Messages): void {
  const fields: ReadonlyMap<string, FieldSpec> = dto === null ? new Map() : fieldsOf(dto);
  const limit = messages.size + MAX_UNKNOWN_FIELDS;
  for (const [name, value] of Object.entries(raw)) {
    if (messages.size >= limit) return;
    const nested = fields.get(name)?.nested;
    if (!fields.has(name)) {
      const echoed = name.length <= MAX_ECHOED_LENGTH ? name : `${name.slice(0, MAX_ECHOED_LENGTH)}…`;
      messages.set(path + echoed, [sentence('prohibited', path + echoed)]);
    } else if (nested !== undefined && isRecord(value)) {
      collectUnknown(nested(), value, `${path}${name}.`, messages);
    }
  }
}

function throwIfAny(messages: Messages): void {
  // By entries: assigning a field named `__proto__` would vanish into the prototype.
  if (messages.size > 0) throw fieldErrors(Object.fromEntries(messages));
}

function convert(dto: Dto, instance: object): void {
  for (const [name, spec] of fieldsOf(dto)) {
    const value: unknown = Reflect.get(instance, name);
    if (value === undefined || value === null) continue;
    if (spec.nested !== undefined) convert(spec.nested(), value);
    else if (spec.convert !== undefined) Reflect.set(instance, name, spec.convert(value));
  }
}

/**
 * Reads a body or a query into its DTO. Fields that the DTO does not declare are refused, whatever their names: they
 * are looked for in what was sent, never on an object with a prototype.
 * @throws FieldErrors with a message for each bad field: declared ones in their order, then unknown ones
 */
export function readDto<T extends object>(dto: Dto<T>, raw: Raw, source: Source): T {
  const instance = instantiate(dto, raw, source) as T;
  const messages: Messages = new Map();
  collectProblems(dto, validateSync(instance, VALIDATION), '', messages);
  collectUnknown(dto, raw, '', messages);
  throwIfAny(messages);
  convert(dto, instance);
  return instance;
}

/**
 * For what has no DTO: nothing at all may be sent.
 * @throws FieldErrors when something was
 */
export function refuseAll(raw: Raw): void {
  const messages: Messages = new Map();
  collectUnknown(null, raw, '', messages);
  throwIfAny(messages);
}
