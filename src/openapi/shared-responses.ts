import type { NamedResponse } from './refusal-responses.js';
import { slug } from './slug.js';

/** Told by its first sentence, and by how many follow. */
function nameOf({ prefix, response }: NamedResponse): string {
  const [first = '', ...others] = response.description.split(' · ');
  const more = others.length === 0 ? '' : `-or-${others.length}-more`;
  return `${prefix}-${slug(first)}${more}`;
}

interface Shared {
  readonly name: string;
  readonly response: object;
}

/** The shortest name of those that say it, for what changes are refused with is often what everything is. */
function sharedBy(group: readonly NamedResponse[]): Shared[] {
  const [name = ''] = group.map(nameOf).toSorted((one, other) => one.length - other.length);
  return group.slice(1, 2).map(({ response }) => ({ name, response }));
}

/** Many calls are refused in the same way: what two of them have in common is kept once, as a component. */
export class SharedResponses {
  private readonly byText: ReadonlyMap<string, Shared>;

  constructor(all: readonly NamedResponse[]) {
    const groups = Map.groupBy(all, ({ response }) => JSON.stringify(response));
    const byName = new Map<string, string>();
    const shared = [...groups].flatMap(([text, group]) =>
      sharedBy(group).map((each) => [text, each] as const),
    );
    for (const [text, { name }] of shared) if (!byName.has(name)) byName.set(name, text);
    // A name is of one response alone; another that would have it is told where it is used.
    this.byText = new Map(shared.filter(([text, { name }]) => byName.get(name) === text));
  }

  /** The response, or a reference to it. */
  refer({ response }: NamedResponse): object {
    const shared = this.byText.get(JSON.stringify(response));
    return shared === undefined ? response : { $ref: `#/components/responses/${shared.name}` };
  }

  components(): Readonly<Record<string, object>> {
    return Object.fromEntries([...this.byText.values()].map(({ name, response }) => [name, response]));
  }
}
