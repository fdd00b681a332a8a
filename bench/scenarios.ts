import type { RequestName } from './load/requests.ts';

/** What each run begins with, so that all begin alike. */
export type Beginning = 'as it is' | 'fresh leases' | 'old leases' | 'no new seats' | 'no new tokens';

/** What is asked over HTTP, and the one status that is no failure. */
export interface Asked {
  readonly request: RequestName;
  readonly status: number;
}

/** What the service is measured beside. Where the machine has no nginx, `cat` stands in if it can. */
export type Limit =
  | { readonly name: 'bare Fastify + pg' | 'nginx' | 'cat'; readonly asked: Asked }
  | { readonly name: 'pgbench' };

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly begins: Beginning;
  /** No license is called twice in a run. */
  readonly once: boolean;
  /** What is counted. */
  readonly unit: 'requests' | 'MiB';
  /** Where not all that are asked for make sense. */
  readonly connections?: readonly number[];
  readonly service: Asked;
  readonly limits: readonly Limit[];
  /** At so many connections `--quick` measures it. */
  readonly quickAt: readonly number[];
}

const bare = (request: RequestName, status = 200): Limit => ({
  name: 'bare Fastify + pg',
  asked: { request, status },
});

const asked = (request: RequestName, status = 200): Asked => ({ request, status });

const PHONE_HOME = { begins: 'fresh leases', once: false, unit: 'requests' } as const;
const DOWNLOAD = { begins: 'as it is', once: false, unit: 'MiB' } as const;

export const SCENARIOS: readonly Scenario[] = [
  {
    ...PHONE_HOME,
    name: 'validate-fresh',
    title: 'a phone-home whose lease is young',
    service: asked('validate'),
    limits: [bare('bare facts')],
    quickAt: [10, 100],
  },
  {
    ...PHONE_HOME,
    name: 'validate-proof',
    title: 'the same with a nonce, which is answered by a signed proof',
    service: asked('validate with proof'),
    limits: [bare('bare facts')],
    quickAt: [],
  },
  {
    ...PHONE_HOME,
    name: 'validate-renewed',
    title: 'a phone-home whose lease is renewed',
    begins: 'old leases',
    once: true,
    service: asked('validate'),
    limits: [bare('bare renewal')],
    quickAt: [100],
  },
  {
    ...PHONE_HOME,
    name: 'validate-refused',
    title: 'a phone-home with a key that nobody was sold',
    service: asked('validate unknown', 401),
    limits: [bare('bare facts of unknown', 401)],
    quickAt: [100],
  },
  {
    name: 'activate',
    title: 'a machine that takes a new seat',
    begins: 'no new seats',
    once: true,
    unit: 'requests',
    service: asked('activate', 201),
    limits: [bare('bare activation', 201), { name: 'pgbench' }],
    quickAt: [10],
  },
  {
    ...PHONE_HOME,
    name: 'check-update',
    title: 'a panel that asks for an update, of twenty releases',
    service: asked('check-update'),
    limits: [bare('bare check-update')],
    quickAt: [10],
  },
  {
    ...PHONE_HOME,
    name: 'token',
    title: 'a panel that asks for a download token',
    begins: 'no new tokens',
    service: asked('token', 201),
    limits: [bare('bare token', 201)],
    quickAt: [],
  },
  {
    name: 'admin-list',
    title: 'the first page of all licenses, fifty of them',
    begins: 'as it is',
    once: false,
    unit: 'requests',
    connections: [10],
    service: asked('admin list'),
    limits: [bare('bare list')],
    quickAt: [],
  },
  {
    ...DOWNLOAD,
    name: 'file-large',
    title: 'a file of 1 GiB; MiB are counted',
    connections: [1, 10],
    service: asked('large file'),
    limits: [
      { name: 'nginx', asked: asked('plain large file') },
      { name: 'cat', asked: asked('plain large file') },
    ],
    quickAt: [],
  },
  {
    ...DOWNLOAD,
    name: 'file-small',
    title: 'a hundred files of 1 MiB; MiB are counted',
    service: asked('small file'),
    limits: [{ name: 'nginx', asked: asked('plain small file') }],
    quickAt: [],
  },
  {
    ...DOWNLOAD,
    name: 'file-range',
    title: 'ranges of 1 MiB of the file of 1 GiB; MiB are counted',
    service: asked('range of a file', 206),
    limits: [{ name: 'nginx', asked: asked('range of a plain file', 206) }],
    quickAt: [],
  },
];
