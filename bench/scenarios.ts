import type { RequestName } from './load/requests.ts';

/** What each run begins with, so that all begin alike. */
export type Beginning = 'fresh leases' | 'old leases' | 'no new seats';

/** One side of a comparison that is asked over HTTP. */
export interface Asked {
  readonly request: RequestName;
  readonly status: number;
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly begins: Beginning;
  /** No license is called twice in a run. */
  readonly once: boolean;
  readonly service: Asked;
  /** Bare Fastify + pg with the same statements, one after the other. */
  readonly bare: Asked;
  /** Beside pgbench, too. */
  readonly pgbench?: true;
  /** Of those that `--quick` measures. */
  readonly isMain: boolean;
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'validate-fresh',
    title: 'a phone-home whose lease is young',
    begins: 'fresh leases',
    once: false,
    service: { request: 'validate', status: 200 },
    bare: { request: 'bare facts', status: 200 },
    isMain: true,
  },
  {
    name: 'validate-proof',
    title: 'the same with a nonce, which is answered by a signed proof',
    begins: 'fresh leases',
    once: false,
    service: { request: 'validate with proof', status: 200 },
    bare: { request: 'bare facts', status: 200 },
    isMain: false,
  },
  {
    name: 'validate-renewed',
    title: 'a phone-home whose lease is renewed',
    begins: 'old leases',
    once: true,
    service: { request: 'validate', status: 200 },
    bare: { request: 'bare renewal', status: 200 },
    isMain: true,
  },
  {
    name: 'validate-refused',
    title: 'a phone-home with a key that nobody was sold',
    begins: 'fresh leases',
    once: false,
    service: { request: 'validate unknown', status: 401 },
    bare: { request: 'bare facts of unknown', status: 401 },
    isMain: true,
  },
  {
    name: 'activate',
    title: 'a machine that takes a new seat',
    begins: 'no new seats',
    once: true,
    service: { request: 'activate', status: 201 },
    bare: { request: 'bare activation', status: 201 },
    pgbench: true,
    isMain: true,
  },
];
