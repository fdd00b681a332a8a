interface Named {
  readonly description: string;
}

type Responses = Readonly<Record<string, object>>;

const slug = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');

/** Many calls are refused in the same way: such answers are kept once, as components. */
export class SharedResponses {
  private readonly byName = new Map<string, { readonly text: string; readonly response: object }>();

  /** The response, or a reference to it under a name that tells it: its first sentence, and how many follow. */
  refer(prefix: string, response: Named): object {
    const [first = '', ...others] = response.description.split(' · ');
    const more = others.length === 0 ? '' : `-or-${others.length}-more`;
    const name = `${prefix}-${slug(first)}${more}`;
    const text = JSON.stringify(response);
    const known = this.byName.get(name);
    if (known === undefined) this.byName.set(name, { text, response });
    else if (known.text !== text) return response;
    return { $ref: `#/components/responses/${name}` };
  }

  components(): Responses {
    return Object.fromEntries([...this.byName].map(([name, { response }]) => [name, response]));
  }
}
