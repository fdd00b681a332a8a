import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Answer } from './app.js';

/** A route as the document tells of it, references resolved but for schemas. */
export interface DocumentedCall {
  /** `POST /admin/products`: below /api/v1 where it lies there. */
  readonly name: string;
  readonly method: string;
  readonly path: string;
  readonly operation: any;
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

export function callsIn(document: any): DocumentedCall[] {
  return Object.entries<any>(document.paths).flatMap(([path, methods]) =>
    METHODS.filter((method) => method in methods).map((method) => ({
      name: `${method.toUpperCase()} ${path.replace('/api/v1', '')}`,
      method: method.toUpperCase(),
      path,
      operation: methods[method],
    })),
  );
}

/** Objects take no field that is not documented: clients ignore such fields, but here each is a hole in the document. */
function closed(schema: any): any {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === 'examples' || key === 'enum' ? value : closed(value),
    ]),
  );
  const isObject = inner.properties !== undefined && [inner.type].flat().includes('object');
  if (!isObject || inner.additionalProperties !== undefined) return inner;
  return { ...inner, [inner.allOf === undefined ? 'additionalProperties' : 'unevaluatedProperties']: false };
}

/** Headers that every HTTP server may send, of which the document does not speak. */
const USUAL = new Set([
  'cache-control',
  'connection',
  'content-length',
  'content-type',
  'date',
  'keep-alive',
  'referrer-policy',
  'transfer-encoding',
  'x-content-type-options',
]);

/** The document as something that answers can be held against. */
export class Contract {
  private readonly ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false });
  private readonly schemas: any;
  private readonly validators = new Map<string, ValidateFunction>();

  constructor(readonly document: any) {
    addFormats.default(this.ajv);
    this.ajv.addVocabulary(['components']);
    this.schemas = closed(document.components.schemas);
  }

  resolve(value: any): any {
    if (typeof value?.$ref !== 'string') return value;
    return value.$ref
      .slice(2)
      .split('/')
      .reduce((node: any, key: string) => node[key], this.document);
  }

  responseOf({ operation }: DocumentedCall, status: number): any {
    return this.resolve(operation.responses[status]);
  }

  /** Everything in which the answer is not what the document says; empty when it is. */
  problems(call: DocumentedCall, answer: Answer): string[] {
    const response = this.responseOf(call, answer.status);
    if (response === undefined) return [`${answer.status} is not documented: ${JSON.stringify(answer.body)}`];
    return [...this.inHeaders(response, answer), ...this.inBody(response, answer)];
  }

  /** What is wrong with a value by a schema of the document. */
  problemsOf(schema: any, value: unknown): string[] {
    const key = JSON.stringify(schema);
    const validate =
      this.validators.get(key) ??
      this.ajv.compile({ ...closed(schema), components: { schemas: this.schemas } });
    this.validators.set(key, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || 'it'} ${message} ${JSON.stringify(params)}`,
    );
  }

  private inHeaders(response: any, { headers }: Answer): string[] {
    const documented = Object.entries<any>(response.headers ?? {}).map(
      ([name, header]) => [name.toLowerCase(), this.resolve(header)] as const,
    );
    const known = new Set(documented.map(([name]) => name));
    const unknown = [...headers.keys()].filter((name) => !USUAL.has(name) && !known.has(name));
    return [
      ...unknown.map((name) => `the header ${name} is not documented`),
      ...documented.flatMap(([name, { required, schema }]) => {
        const text = headers.get(name);
        if (text === null) return required === true ? [`the header ${name} is missing`] : [];
        const value = schema.type === 'integer' ? Number(text) : text;
        return this.problemsOf(schema, value).map((problem) => `the header ${name}: ${problem}`);
      }),
    ];
  }

  private inBody(response: any, { headers, body }: Answer): string[] {
    const contents = Object.entries<any>(response.content ?? {});
    const [type] = (headers.get('content-type') ?? '').split(';');
    if (contents.length === 0) return body === '' ? [] : [`there is a body: ${JSON.stringify(body)}`];
    const found = contents.find(([documented]) => documented === type);
    if (found === undefined) return [`it is ${type}`];
    return this.problemsOf(found[1].schema ?? {}, body);
  }
}
