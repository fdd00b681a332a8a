import { applyDecorators, type Type } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { getMetadataStorage, ValidateBy, ValidateNested } from 'class-validator';
import type { Check, Problem } from './checks.js';
import { template } from './sentences.js';

export type Dto<T extends object = object> = Type<T>;

/** A field of a body or a query, as the pipe reads it. */
export interface FieldSpec {
  readonly required: boolean;
  /** An explicit null or '' stays as null ("clear it") instead of counting as missing. */
  readonly nullable: boolean;
  readonly default?: unknown;
  readonly check: Check;
  /** The value that a query string's text stands for; text that stands for none is left as it is, to the check. */
  readonly fromText?: (text: string) => unknown;
  /** What the handler gets for a value that has passed the check. */
  readonly convert?: (value: unknown) => unknown;
  /** The class of an object with fields of its own. */
  readonly nested?: () => Dto;
}

/** The name under which class-validator keeps a field, with its spec as the constraint's argument. */
export const FIELD = 'field';

function problemOf(spec: FieldSpec, value: unknown): Problem | null {
  if (value === undefined) return spec.required ? { constraint: 'required' } : null;
  return value === null ? null : spec.check(value);
}

/**
 * Declares a field: one constraint for class-validator, so that a field has one message, and its OpenAPI schema.
 * It lives in class-validator's storage, and so survives inheritance and Nest's PartialType and PickType.
 */
export function field(spec: FieldSpec, schema: ApiPropertyOptions): PropertyDecorator {
  const { required, nullable } = spec;
  return applyDecorators(
    ValidateBy({
      name: FIELD,
      constraints: [spec],
      validator: {
        validate: (value) => problemOf(spec, value) === null,
        defaultMessage: (args) => {
          const problem = problemOf(spec, args?.value);
          return problem === null ? '' : template(problem.constraint, problem.values, problem.at);
        },
      },
    }),
    ...(spec.nested === undefined ? [] : [ValidateNested()]),
    ApiProperty({
      ...schema,
      required,
      ...(nullable && { nullable }),
      ...(spec.default !== undefined && { default: spec.default }),
    } as ApiPropertyOptions),
  );
}

const fieldsByDto = new WeakMap<Dto, ReadonlyMap<string, FieldSpec>>();

function collectFields(dto: Dto): ReadonlyMap<string, FieldSpec> {
  const all = getMetadataStorage().getTargetValidationMetadatas(dto, '', false, false);
  const optional = new Set(
    all.filter(({ type }) => type === 'conditionalValidation').map((each) => each.propertyName),
  );
  const fields = all.filter(({ name }) => name === FIELD);
  const inherited = fields.filter(({ target }) => target !== dto);
  const own = fields.filter(({ target }) => target === dto);
  return new Map(
    [...inherited, ...own].map(({ propertyName, constraints }) => {
      const spec = constraints[0] as FieldSpec;
      // PartialType makes every field optional; a default would then write what the request does not mention.
      return [propertyName, optional.has(propertyName) ? { ...spec, default: undefined } : spec];
    }),
  );
}

/** The fields of a DTO, inherited ones first, each in the order of their declaration. */
export function fieldsOf(dto: Dto): ReadonlyMap<string, FieldSpec> {
  const known = fieldsByDto.get(dto);
  if (known !== undefined) return known;
  const fields = collectFields(dto);
  fieldsByDto.set(dto, fields);
  return fields;
}
