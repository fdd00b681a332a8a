import { randomBytes } from 'node:crypto';
import { hardwareId, panelBody, type TestApp } from './app.js';
import { addUser, RIGHT } from './people.js';

/** What names a person here: a word and an address that nobody else has. */
export interface Marks {
  readonly word: string;
  readonly address: string;
}

let people = 0;
export const newMarks = (): Marks => ({
  word: `Mark${randomBytes(6).toString('hex')}`,
  address: `203.0.113.${(people += 1)}`,
});

const from = (address: string) => ({ 'x-forwarded-for': address });

/** A call of a panel with a name, from the address. */
export const markedPanel = (
  app: TestApp,
  action: string,
  { word, address }: Marks,
  key: string,
  hardware: string,
) =>
  app.request('POST', `/api/v1/license/${action}`, {
    body: panelBody(key, hardware, { hostname: `${word}.example.test` }),
    headers: from(address),
  });

/** A customer who has left traces wherever there is room for one. */
export async function plant(app: TestApp, marks: Marks) {
  const { word, address } = marks;
  const customer = await app.must('POST', '/customers', {
    name: word,
    email: `${word}@example.test`,
    metadata: { [word]: 'x', contact: word },
  });
  await app.must('PATCH', `/customers/${customer.id}`, { name: `${word} & Sons` });
  const sell = (more: object = {}) =>
    app.sell({ license: { customer_id: customer.id, max_activations: 5, metadata: { word }, ...more } });

  const { license, key } = await sell();
  const hardware = hardwareId();
  await markedPanel(app, 'activate', marks, key, hardware);
  const second = hardwareId();
  await markedPanel(app, 'activate', marks, key, second);
  await markedPanel(app, 'deactivate', marks, key, hardware);
  await markedPanel(app, 'activate', marks, key, hardware);
  await app.must('POST', `/licenses/${license.id}/suspend`, { reason: `${word} asked for it` });
  const block = () => app.must('POST', '/blocklist', { hardware_id: hardware, reason: `${word} lost it` });
  await app.must('DELETE', `/blocklist/${(await block()).id}`);
  await block();

  // Before it was the customer's, deleted since, and gone to somebody else since.
  const early = await app.sell({ license: { metadata: { word } } });
  await markedPanel(app, 'activate', marks, early.key, hardwareId());
  await app.must('POST', `/licenses/${early.license.id}/suspend`, { reason: word });
  await app.must('PATCH', `/licenses/${early.license.id}`, { customer_id: customer.id });
  const deleted = await sell();
  await markedPanel(app, 'activate', marks, deleted.key, hardwareId());
  await app.must('DELETE', `/licenses/${deleted.license.id}`);
  const moved = await sell();
  await app.must('POST', `/licenses/${moved.license.id}/suspend`, { reason: word });
  await app.must('POST', `/licenses/${moved.license.id}/reinstate`);
  const other = await app.must('POST', '/customers', { name: 'Somebody else' });
  await app.must('PATCH', `/licenses/${moved.license.id}`, { customer_id: other.id, metadata: {} });

  const user = await addUser(app, { role: 'customer', customerId: customer.id });
  await app.sql('update users set username = $2, email = $3 where id = $1', [
    user.id,
    word,
    `${word}@example.test`,
  ]);
  const logIn = (password: string) =>
    app.request('POST', '/api/v1/auth/login', {
      body: { username: word, password },
      headers: { ...from(address), 'user-agent': word },
    });
  await logIn('a wrong one');
  const { body } = await logIn(RIGHT);
  await app.sql(
    `insert into sso_nonces (hash, user_id, target_path, reason, minter_type, created_at, expires_at)
     values ($1, $2, $3, $3, 'system', $4, $4::timestamptz + interval '1 day')`,
    [randomBytes(32), user.id, `/${word}`, app.clock.now()],
  );
  const password = `${word} and other words`;
  const former = await app.must('POST', '/users', {
    username: `${word}-2`,
    email: `2-${word}@example.test`,
    role: 'customer',
    customer_id: customer.id,
    password,
  });
  await app.request('POST', '/api/v1/auth/login', {
    body: { username: `${word}-2`, password },
    headers: { ...from(address), 'user-agent': word },
  });
  await app.must('DELETE', `/users/${former.id}`);
  return { customer, other, license, key, second, moved: moved.license, user, token: body.token };
}
