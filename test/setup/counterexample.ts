import * as fc from 'fast-check';

/** The smallest input found that breaks the property, and how; null when there is none. */
export async function counterexample<T>(
  inputs: fc.Arbitrary<T>,
  numRuns: number,
  property: (input: T) => Promise<void>,
): Promise<string | null> {
  const result = await fc.check(fc.asyncProperty(inputs, property), { numRuns });
  return result.failed
    ? `${fc.stringify(result.counterexample)}: ${String(result.errorInstance)} (seed ${result.seed})`
    : null;
}
