import { DatabaseError } from 'pg';
import { isCrossed, isDependencyDown } from '../../src/http/dependency-down.js';

const answered = (code: string): DatabaseError => {
  const error = new DatabaseError('as the server words it', 1, 'error');
  error.code = code;
  return error;
};

describe('a dependency is down', () => {
  it.each([
    ['the connection was lost', '08006'],
    ['the disk is full', '53100'],
    ['there is no memory', '53200'],
    ['all connections are taken', '53300'],
    ['a configured limit is reached', '53400'],
    ['a statement took too long', '57014'],
    ['an idle session was ended', '57P05'],
    ['an idle transaction was ended', '25P03'],
    ['a lock could not be had', '55P03'],
    ['two transactions waited for each other', '40P01'],
    ['a transaction has to be tried again', '40001'],
  ])('when %s (%s)', (_what, code) => {
    expect(isDependencyDown(answered(code))).toBe(true);
    expect(isDependencyDown(Object.assign(new Error('wrapped'), { driverError: answered(code) }))).toBe(true);
  });

  it.each([
    'Query read timeout',
    'Connection terminated',
    'Query runner already released. Cannot run queries anymore.',
  ])('when the driver says "%s"', (message) => expect(isDependencyDown(new Error(message))).toBe(true));

  it.each(['23505', '42P01', '22001', '25001', '55000', 'ENOENT', '5', ''])(
    'but not by the code "%s"',
    (code) => expect(isDependencyDown(answered(code))).toBe(false),
  );
});

describe('only rows are in other hands', () => {
  it.each(['40001', '40P01', '55P03'])('when the server says %s', (code) => {
    expect(isCrossed(answered(code))).toBe(true);
    expect(isCrossed(Object.assign(new Error('wrapped'), { driverError: answered(code) }))).toBe(true);
  });

  it.each(['57014', '08006', '53300'])('but not when it says %s', (code) =>
    expect(isCrossed(answered(code))).toBe(false),
  );
});
