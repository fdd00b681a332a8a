import { isRecord } from './checks.js';
import { fieldsOf, problemOf, type Dto, type FieldSpec } from './dto-field.js';
import { fieldErrors } from './errors.js';
import { sentence } from './sentences.js';

export type Source = 'body' | 'query';

type Raw = Readonly<Record<string, unknown>>;

/** Where an object is read. */
interface Place {
  readonly source: Source;
  /** Its own, with a dot at the end; empty for the outermost. */
  readonly path: string;
  /** Whether it is a part of a change, in which an empty field is one too. */
  readonly isChange: boolean;
}

/** Messages by the path of their field. */
type Messages = Map<string, string[]>;

/** Unknown names are echoed: a body full of them must not become an answer full of them. */
const MAX_UNKNOWN_FIELDS = 20;
const MAX_ECHOED_LENGTH = 64;

/** The value of a field before it is checked; undefined when it is missing, as which null and '' count too. */
function valueOf(raw: Raw, name: string, spec: FieldSpec, source: Source): unknown {
  const sent = raw[name];
  const value = spec.trim && typeof sent === 'string' ? sent.trim() : sent;
  if (value === null || value === '') return spec.nullable && source === 'body' ? null : spec.default;
  if (value === undefined) return spec.default;
  return source === 'query' && typeof value === 'string' && spec.fromText ? spec.fromText(value) : value;
}

/** Reads the declared fields. Those that are wrong are left out and told in `messages`. */
function readFields(dto: Dto, raw: Raw, place: Place, messages: Messages): object {
  const { source, path } = place;
  const instance = new dto();
  for (const [name, spec] of fieldsOf(dto)) {
    const isChange = place.isChange || spec.isChange === true;
    const value = valueOf(raw, name, isChange ? { ...spec, default: undefined } : spec, source);
    const isEmptyChange = isChange && value === undefined && raw[name] !== undefined;
    const problem = problemOf(isEmptyChange ? { ...spec, required: true } : spec, value);
    if (problem !== null) {
      const at = problem.at === undefined ? path + name : `${path}${name}.${problem.at}`;
      messages.set(path + name, [sentence(problem.constraint, at, problem.values)]);
    } else if (spec.nested !== undefined && isRecord(value)) {
      Reflect.set(
        instance,
        name,
        readFields(spec.nested(), value, { source, path: `${path}${name}.`, isChange }, messages),
      );
    } else if (value !== undefined) {
      Reflect.set(instance, name, value === null || spec.convert === undefined ? value : spec.convert(value));
    }
  }
  return instance;
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

/**
 * Reads a body or a query into its DTO. Fields that the DTO does not declare are refused, whatever their names: they
 * are looked for in what was sent, never on an object with a prototype.
 * @throws FieldErrors with a message for each bad field: declared ones in their order, then unknown ones
 */
export function readDto<T extends object>(dto: Dto<T>, raw: Raw, source: Source): T {
  const messages: Messages = new Map();
  const instance = readFields(dto, raw, { source, path: '', isChange: false }, messages);
  collectUnknown(dto, raw, '', messages);
  throwIfAny(messages);
  return instance as T;
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
