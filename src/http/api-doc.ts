import { applyDecorators } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { LicenseCode } from '../domain/verdicts.js';
import { always, list, object, type Shape } from './shapes.js';
import { LIST_META } from './pagination.js';

/**
 * How a route is documented. One decorator a handler says what the call is named and what it answers; everything else that
 * can be known is added when the document is made (`src/openapi`): the refusals of the plane, of guards, of bodies and of
 * path parameters, headers, security, permission and rate limit.
 *
 *     export const PRODUCT = resource('Product', { id: id('Product'), code: text({ example: 'panel' }), … });
 *     const productBody = (row: Product): Wire<typeof PRODUCT> => ({ … });
 *
 *     @Get() @AdminLists('listProducts', PRODUCT)                          { success, data: […], meta }
 *     @Post() @AdminAnswers('createProduct', PRODUCT)                      { success, data: { … } }
 *     @Delete(':id') @AdminAnswers('deleteProduct', null, {                { success, data: null }
 *       description: 'Only while it has no licenses.',
 *       refuses: { 409: ['The product still has licenses.'] },
 *     })
 *     @Post('login') @Answers('login', { 200: either(SESSION, SECOND_FACTOR) })    as it stands
 *
 * The request's example is made of the DTO's fields: those that are required and those that were given an `example`; give
 * required fields one that fits the story (product `panel`, policy `pro`, `exampleId('License')`), or say the whole by
 * `sends`. A path parameter `:id` is told by the resource before it in the path (`/licenses/:id` → `exampleId('License')`,
 * "License not found"), `:activation_id` by its own name.
 * A test names every route that has no documentation, example or schema, and replays every example (test/e2e/api-examples).
 */
export interface CallDoc {
  /** What the call does beyond what its name says. */
  readonly description?: string;
  /** An example of the body, instead of the one made of its fields; for a body that is no JSON a text, or texts by content type. */
  readonly sends?: Readonly<Record<string, unknown>> | string;
  /** Examples of parameters of path or query, by name. */
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
  /** Refusals of its own, by status: the sentences. Those of the plane are added. */
  readonly refuses?: Readonly<Partial<Record<RefusalStatus, readonly string[]>>>;
  /** The verdicts that it may be refused by. */
  readonly verdicts?: readonly LicenseCode[];
  /** Whether a wrong password is counted against the address. */
  readonly asksPassword?: boolean;
  /** Headers of success answers beyond those of the plane, by name. */
  readonly headers?: Readonly<Record<string, HeaderDoc>>;
}

export type RefusalStatus = 400 | 401 | 403 | 404 | 409 | 412 | 416 | 422 | 503;

export interface HeaderDoc {
  readonly description: string;
  readonly example: string;
  /** The statuses that have it; all successes unless given. */
  readonly on?: readonly number[];
}

/** What `src/openapi` finds at an operation. */
export interface CallFacts extends CallDoc {
  readonly operationId: string;
  /** By status; 'default' is the one that the handler answers with. Null for no body. */
  readonly answers: Readonly<Record<string, Shape | null>>;
}

/** The extension under which the facts wait in Nest's document; it is taken out again. */
export const CALL = 'x-call';

const documented = (operationId: string, answers: CallFacts['answers'], doc: CallDoc): MethodDecorator =>
  applyDecorators(ApiExtension(CALL, { ...doc, operationId, answers } satisfies CallFacts));

/** Answers by status, each as it stands; null for one without a body. */
export const Answers = (
  operationId: string,
  answers: Readonly<Record<number, Shape | null>>,
  doc: CallDoc = {},
): MethodDecorator => documented(operationId, answers, doc);

/** Answers `adminAnswer(…)`, with the status of the handler; null where `data` is null. */
export const AdminAnswers = (operationId: string, data: Shape | null, doc: CallDoc = {}): MethodDecorator =>
  documented(operationId, { default: object({ success: always(true), data: data ?? always(null) }) }, doc);

/** Answers `adminList(…)`. */
export const AdminLists = (operationId: string, item: Shape, doc: CallDoc = {}): MethodDecorator =>
  documented(
    operationId,
    { default: object({ success: always(true), data: list(item), meta: LIST_META }) },
    doc,
  );
