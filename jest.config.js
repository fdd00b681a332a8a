/**
 * Five projects: `unit` needs nothing, `e2e` runs on a real PostgreSQL that test/setup starts (or DATABASE_URL names), `scale`
 * on the same, filled with a million licenses, which takes a minute, `redis` needs the server that REDIS_URL names as well, so
 * that only .ci/services runs it, and `examples` needs the languages of the agent's examples, which .ci/examples sees to.
 */
const common = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          target: 'es2023',
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          keepClassNames: true,
        },
        module: { type: 'es6' },
        sourceMaps: 'inline',
      },
    ],
  },
};

const onDatabase = {
  globalSetup: '<rootDir>/test/setup/global-setup.mjs',
  globalTeardown: '<rootDir>/test/setup/global-teardown.mjs',
  setupFiles: ['<rootDir>/test/setup/nest-first.mjs'],
};

const WHOLE = { branches: 100, functions: 100, lines: 100 };

export default {
  // Shared machines stand still for a minute now and then, and a test that was cut in its middle takes the next ones along.
  testTimeout: 180_000,
  // Jest would leave one core idle, but most of these tests wait for a database or a process.
  maxWorkers: '100%',
  // A worker keeps much of each file that it has run; at gigabytes it stops for seconds to collect what it can.
  workerIdleMemoryLimit: '1GB',
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/unit/**/*.spec.ts', '<rootDir>/agent/test/unit/**/*.spec.ts'],
    },
    {
      ...common,
      ...onDatabase,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.spec.ts', '<rootDir>/agent/test/e2e/**/*.spec.ts'],
    },
    { ...common, ...onDatabase, displayName: 'scale', testMatch: ['<rootDir>/test/scale/**/*.spec.ts'] },
    {
      ...common,
      ...onDatabase,
      displayName: 'redis',
      testMatch: ['<rootDir>/test/redis/**/*.spec.ts'],
    },
    {
      ...common,
      ...onDatabase,
      displayName: 'examples',
      testMatch: ['<rootDir>/agent/test/examples/**/*.spec.ts'],
    },
  ],
  collectCoverageFrom: ['src/domain/**/*.ts', 'agent/src/domain/**/*.ts'],
  coverageReporters: ['text'],
  // The rules are what the project exists for: every branch of them is tried.
  coverageThreshold: { './src/domain/': WHOLE, './agent/src/domain/': WHOLE },
};
