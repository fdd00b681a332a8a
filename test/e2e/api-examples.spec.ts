import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { STORY, type Step } from '../setup/api-story.js';
import { Replay } from '../setup/api-replay.js';
import { startApp, type TestApp } from '../setup/app.js';

/** Every example of the document sent to the service, and every answer held against the document. */

let app: TestApp;
let replay: Replay;

/** Takes what webhooks send: the address of the example is somebody's. */
const receiver = createServer((_, response) => response.writeHead(204).end());

beforeAll(async () => {
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  app = await startApp({ settings: { WEBHOOKS_ALLOW_PRIVATE: 'true' } });
  replay = await Replay.of(app);
  const { port } = receiver.address() as AddressInfo;
  replay.let('https://example.com/hooks/mooring', `http://127.0.0.1:${port}/`);
});
afterAll(async () => {
  await app.stop();
  receiver.closeAllConnections();
  receiver.close();
});

const STEPS = STORY.map((step): Step => (typeof step === 'string' ? { call: step } : step));

/** What the document knows of a success, and the status it has. */
const successesOf = (operation: any): string[] =>
  Object.keys(operation.responses).filter((status) => Number(status) < 400);

describe('the examples of the document', () => {
  it('are each a step of the story', () => {
    const told = new Set(STEPS.map(({ call }) => call));
    expect(replay.calls.map(({ name }) => name).filter((name) => !told.has(name))).toEqual([]);
  });

  it.each(STEPS.map((step) => [step.call, step.status ?? 'its status', step] as const))(
    '%s is answered with %s, as documented',
    async (name, _, step) => {
      const call = replay.call(name);
      await step.before?.(replay);
      const answer = await replay.send(call, step.sending?.(replay));
      const successes = step.status === undefined ? successesOf(call.operation) : [String(step.status)];
      const isSuccess = successes.includes(String(answer.status));
      expect(isSuccess ? [] : [answer.status, answer.body]).toEqual([]);
      expect(replay.contract.problems(call, answer)).toEqual([]);
      const [media] = Object.values<any>(replay.contract.responseOf(call, answer.status).content ?? {});
      replay.learn(media?.example, answer.body);
      await step.after?.(replay, answer);
    },
  );
});

describe('what the document shows', () => {
  it('are answers as its own schemas have them', () => {
    const wrong = replay.calls.flatMap(({ name, operation }) =>
      Object.keys(operation.responses).flatMap((status) => {
        const { content = {} } = replay.contract.resolve(operation.responses[status]);
        return Object.entries<any>(content).flatMap(([, { schema, example, examples }]) =>
          [
            ...(example === undefined ? [] : [example]),
            ...Object.values<any>(examples ?? {}).map(({ value }) => value),
          ]
            .flatMap((value) => replay.contract.problemsOf(schema, value))
            .map((problem) => `${name} ${status}: ${problem}`),
        );
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('are requests as its own schemas have them', () => {
    const wrong = replay.calls.flatMap(({ name, operation }) =>
      Object.values<any>(operation.requestBody?.content ?? {}).flatMap(({ schema, example }) =>
        replay.contract.problemsOf(schema, example).map((problem) => `${name}: ${problem}`),
      ),
    );
    expect(wrong).toEqual([]);
  });
});
