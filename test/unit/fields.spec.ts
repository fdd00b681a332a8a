import 'reflect-metadata';
import { PartialType } from '@nestjs/swagger';
import type { Dto } from '../../src/http/dto-field.js';
import { readDto, refuseAll, type Source } from '../../src/http/dto-reader.js';
import { FieldErrors } from '../../src/http/errors.js';
import * as fields from '../../src/http/fields.js';
import { SENTENCES, sentence, type Constraint } from '../../src/http/sentences.js';

class Lease {
  @fields.IntegerField({ required: true, min: 60 })
  refresh_after: number;
}

class Everything {
  @fields.Text({ min: 2, max: 5, pattern: /^[a-z😀]+$/u })
  code?: string;

  @fields.Text({ nullable: true })
  note?: string | null;

  @fields.HardwareIdField()
  hardware_id?: string;

  @fields.VersionField()
  version?: string;

  @fields.IntegerField({ min: 1, max: 1000 })
  max_activations?: number;

  @fields.BooleanField()
  mandatory?: boolean;

  @fields.ChoiceField(['stable', 'beta'])
  channel?: string;

  @fields.DateTimeField({ nullable: true })
  expires_at?: Date | null;

  @fields.CountersField()
  usage?: Record<string, number>;

  @fields.CountersField({ unlimited: true })
  limits?: Record<string, number>;

  @fields.StringListField({ maxItems: 3, max: 4 })
  features?: string[];

  @fields.ObjectField(() => Lease)
  lease?: Lease;

  @fields.MetadataField()
  metadata?: Record<string, unknown>;

  @fields.NonceField()
  nonce?: string;

  @fields.EmailField()
  email?: string;

  @fields.UuidField()
  customer_id?: string;
}

class Required {
  @fields.HardwareIdField({ required: true })
  hardware_id: string;
}

/** The messages for a body or query, null when it is accepted. */
function messages(dto: Dto, raw: Record<string, unknown>, source: Source = 'body'): unknown {
  try {
    readDto(dto, raw, source);
    return null;
  } catch (error) {
    if (error instanceof FieldErrors) return error.details;
    throw error;
  }
}

const HEX = 'ab'.repeat(32);

describe('a sentence', () => {
  it.each([
    ['required', 'hardware_id', {}, 'The hardware id field is required.'],
    ['string', 'hardware_id', {}, 'The hardware id field must be a string.'],
    ['size', 'hardware_id', { size: 64 }, 'The hardware id field must be 64 characters.'],
    ['format', 'hardware_id', {}, 'The hardware id field format is invalid.'],
    ['version', 'version', {}, 'The version field must be a valid version.'],
    ['min', 'max_activations', { min: 1 }, 'The max activations field must be at least 1.'],
    ['selected', 'channel', {}, 'The selected channel is invalid.'],
    ['taken', 'code', {}, 'The code has already been taken.'],
    ['prohibited', 'colour', {}, 'The colour field is prohibited.'],
    ['required', 'lease.refresh_after', {}, 'The lease.refresh after field is required.'],
    ['prohibited', "$&$'$`", {}, "The $&$'$` field is prohibited."],
    ['min', ':min', { min: 1 }, 'The :min field must be at least 1.'],
  ] as const)('for %s of %s', (constraint, field, values, text) => {
    expect(sentence(constraint, field, values)).toBe(text);
  });

  it('names its field, whatever the constraint', () => {
    for (const constraint of Object.keys(SENTENCES) as Constraint[]) {
      expect(sentence(constraint, 'some_field')).toContain('some field');
    }
  });
});

describe('a required field', () => {
  const required = { hardware_id: ['The hardware id field is required.'] };

  it.each([[{}], [{ hardware_id: null }], [{ hardware_id: '' }], [{ hardware_id: undefined }]])(
    'is missing from %j',
    (raw) => {
      expect(messages(Required, raw)).toEqual(required);
    },
  );
});

describe('a hardware id', () => {
  const size = 'The hardware id field must be 64 characters.';
  const string = 'The hardware id field must be a string.';
  const format = 'The hardware id field format is invalid.';

  it.each([
    ['an array', [HEX], string],
    ['a number', 64, string],
    ['zero', 0, string],
    ['false', false, string],
    ['an object', { length: 64 }, string],
    ['63 characters', HEX.slice(1), size],
    ['65 characters', `${HEX}a`, size],
    ['10,000 characters', 'a'.repeat(10_000), size],
    ['no hexadecimal', 'g'.repeat(64), format],
    ['full-width digits', '０'.repeat(64), format],
    ['a Cyrillic а', `${HEX.slice(1)}а`, format],
    ['64 emoji', '😀'.repeat(64), format],
    ['a NUL byte', `${HEX.slice(1)}\0`, format],
    ['a line break at the end', `${HEX.slice(1)}\n`, format],
    ['half a character', `${HEX.slice(1)}\ud800`, format],
    ['blanks around', ` ${HEX.slice(2)} `, format],
  ])('of %s', (_what, hardware_id, message) => {
    expect(messages(Required, { hardware_id })).toEqual({ hardware_id: [message] });
  });

  it.each([HEX, HEX.toUpperCase()])('%s is taken as it is', (hardware_id) => {
    expect(readDto(Required, { hardware_id }, 'body').hardware_id).toBe(hardware_id);
  });
});

describe('the fields', () => {
  it.each<[Record<string, unknown>, string]>([
    [{ code: 5 }, 'The code field must be a string.'],
    [{ code: 'a' }, 'The code field must be at least 2 characters.'],
    [{ code: '😀' }, 'The code field must be at least 2 characters.'],
    [{ code: 'abcdef' }, 'The code field must not be greater than 5 characters.'],
    [{ code: '😀'.repeat(6) }, 'The code field must not be greater than 5 characters.'],
    [{ code: 'ABC' }, 'The code field format is invalid.'],
    [{ note: 'a\0' }, 'The note field format is invalid.'],
    [{ note: '\udc00a' }, 'The note field format is invalid.'],
    [{ note: 'x'.repeat(256) }, 'The note field must not be greater than 255 characters.'],
    [{ version: 1 }, 'The version field must be a string.'],
    [{ version: 'v1.0.0' }, 'The version field must be a valid version.'],
    [{ version: '1.0.0\0' }, 'The version field must be a valid version.'],
    [{ max_activations: '5' }, 'The max activations field must be an integer.'],
    [{ max_activations: 1.5 }, 'The max activations field must be an integer.'],
    [{ max_activations: true }, 'The max activations field must be an integer.'],
    [{ max_activations: [1] }, 'The max activations field must be an integer.'],
    [{ max_activations: Infinity }, 'The max activations field must be an integer.'],
    [{ max_activations: 0 }, 'The max activations field must be at least 1.'],
    [{ max_activations: 1e300 }, 'The max activations field must not be greater than 1000.'],
    [{ mandatory: 'true' }, 'The mandatory field must be true or false.'],
    [{ mandatory: 1 }, 'The mandatory field must be true or false.'],
    [{ channel: 'gold' }, 'The selected channel is invalid.'],
    [{ channel: ['stable'] }, 'The selected channel is invalid.'],
    [{ channel: 'constructor' }, 'The selected channel is invalid.'],
    [{ expires_at: 5 }, 'The expires at field must be a valid date.'],
    [{ expires_at: '2030-01-01' }, 'The expires at field must be a valid date.'],
    [{ expires_at: '2030-01-01T00:00:00' }, 'The expires at field must be a valid date.'],
    [{ expires_at: '2030-02-30T00:00:00Z' }, 'The expires at field must be a valid date.'],
    [{ expires_at: '2029-02-29T00:00:00Z' }, 'The expires at field must be a valid date.'],
    [{ expires_at: '2030-13-01T00:00:00Z' }, 'The expires at field must be a valid date.'],
    [{ expires_at: '2030-01-01T24:00:00Z' }, 'The expires at field must be a valid date.'],
    [{ expires_at: '1969-12-31T23:59:59Z' }, 'The expires at field must be a valid date.'],
    [{ expires_at: 'January 1, 2030' }, 'The expires at field must be a valid date.'],
    [{ usage: [] }, 'The usage field must be an object.'],
    [{ usage: 'many' }, 'The usage field must be an object.'],
    [{ usage: { accounts: -1 } }, 'The usage.accounts field must be at least 0.'],
    [{ usage: { disk_space: '1' } }, 'The usage.disk space field must be an integer.'],
    [{ usage: { accounts: null } }, 'The usage.accounts field is required.'],
    [{ usage: { accounts: 2 ** 53 } }, 'The usage.accounts field must not be greater than 9007199254740991.'],
    [{ usage: { '': 1 } }, 'The usage field format is invalid.'],
    [{ usage: { 'a\0': 1 } }, 'The usage field format is invalid.'],
    [{ usage: { ['a'.repeat(65)]: 1 } }, 'The usage field format is invalid.'],
    [
      { usage: Object.fromEntries([...Array(101).keys()].map((i) => [`c${i}`, i])) },
      'The usage field must not have more than 100 items.',
    ],
    [{ limits: { accounts: -2 } }, 'The limits.accounts field must be at least -1.'],
    [{ features: 'a' }, 'The features field must be an array.'],
    [{ features: ['a', 'b', 'c', 'd'] }, 'The features field must not have more than 3 items.'],
    [{ features: ['a', 5] }, 'The features.1 field must be a string.'],
    [{ features: ['a', ''] }, 'The features.1 field is required.'],
    [{ features: ['abcde'] }, 'The features.0 field must not be greater than 4 characters.'],
    [{ features: ['a\0'] }, 'The features.0 field format is invalid.'],
    [{ lease: 5 }, 'The lease field must be an object.'],
    [{ lease: [] }, 'The lease field must be an object.'],
    [{ metadata: [] }, 'The metadata field must be an object.'],
    [{ metadata: { a: [{ b: 'x\0' }] } }, 'The metadata field format is invalid.'],
    [{ metadata: { 'x\ud800': 1 } }, 'The metadata field format is invalid.'],
    [{ metadata: { a: 'x'.repeat(16_384) } }, 'The metadata field must not be greater than 16384 bytes.'],
    [{ nonce: 'x'.repeat(15) }, 'The nonce field must be at least 16 characters.'],
    [{ nonce: 'x'.repeat(129) }, 'The nonce field must not be greater than 128 characters.'],
    [{ nonce: 'é'.repeat(16) }, 'The nonce field format is invalid.'],
    [{ nonce: `${'x'.repeat(16)}\n` }, 'The nonce field format is invalid.'],
    [{ email: 'nobody' }, 'The email field must be a valid email address.'],
    [{ email: `${'a'.repeat(250)}@b.org` }, 'The email field must not be greater than 254 characters.'],
    [{ customer_id: 'x' }, 'The customer id field must be a valid UUID.'],
    [{ customer_id: 7 }, 'The customer id field must be a string.'],
  ])('refuse %j', (raw, message) => {
    expect(messages(Everything, raw)).toEqual({ [String(Object.keys(raw)[0])]: [message] });
  });

  it.each<[Record<string, unknown>]>([
    [{ code: 'abc' }],
    [{ code: '😀'.repeat(5) }],
    [{ version: '1.2.3-rc.1+b' }],
    [{ max_activations: 1000 }],
    [{ mandatory: false }],
    [{ channel: 'beta' }],
    [{ usage: { accounts: 0, 'disk.used': 7 } }],
    [{ usage: { constructor: 5, toString: 1 } }],
    [{ limits: { accounts: -1 } }],
    [{ features: [] }],
    [{ features: ['sso'] }],
    [{ metadata: { constructor: { a: null }, toString: [1, 'ü😀'] } }],
    [{ nonce: ' '.repeat(16) }],
    [{ email: 'a@b.org' }],
    [{ customer_id: '0199f0aa-7b3c-7def-8123-456789abcdef' }],
  ])('take %j as it is', (raw) => {
    expect(readDto(Everything, raw, 'body')).toMatchObject(raw);
  });

  it('turn a date-time into the instant it names', () => {
    const { expires_at } = readDto(Everything, { expires_at: '2030-01-01T02:00:00.5+02:00' }, 'body');
    expect(expires_at).toEqual(new Date('2030-01-01T00:00:00.500Z'));
  });

  it.each([null, '', undefined])('count %j as absent', (nothing) => {
    expect(
      Object.entries(readDto(Everything, { code: nothing }, 'body')).filter(([, v]) => v !== undefined),
    ).toEqual([]);
  });

  it('tell an explicit null from an absent field where null means something', () => {
    expect(readDto(Everything, { expires_at: null, note: '' }, 'body')).toMatchObject({
      expires_at: null,
      note: null,
    });
    expect(readDto(Everything, {}, 'body').expires_at).toBeUndefined();
  });

  it('go wrong each with one message, declared ones in their order and unknown ones behind them', () => {
    const raw = { colour: 1, nonce: 5, code: '', size: 2, lease: { refresh_after: 1, x: 1 }, note: 5 };
    const details = messages(Everything, raw) as object;
    expect(Object.entries(details)).toEqual([
      ['note', ['The note field must be a string.']],
      ['lease.refresh_after', ['The lease.refresh after field must be at least 60.']],
      ['nonce', ['The nonce field must be a string.']],
      ['colour', ['The colour field is prohibited.']],
      ['size', ['The size field is prohibited.']],
      ['lease.x', ['The lease.x field is prohibited.']],
    ]);
  });

  it('of a nested object are required inside it, not without it', () => {
    expect(messages(Everything, {})).toBeNull();
    expect(messages(Everything, { lease: {} })).toEqual({
      'lease.refresh_after': ['The lease.refresh after field is required.'],
    });
    expect(readDto(Everything, { lease: { refresh_after: 60 } }, 'body').lease).toBeInstanceOf(Lease);
  });
});

describe('unknown fields', () => {
  it.each(['constructor', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf', 'then', '0', ' '])(
    'are prohibited even when named %s',
    (name) => {
      const message = { [name]: [`The ${name.replaceAll('_', ' ')} field is prohibited.`] };
      expect(messages(Everything, { [name]: 1 })).toEqual(message);
      expect(messages(Everything, JSON.parse(`{${JSON.stringify(name)}:{}}`))).toEqual(message);
    },
  );

  it('are prohibited even when named __proto__', () => {
    const query = Object.assign(Object.create(null), Object.fromEntries([['__proto__', 'x']]));
    const details = messages(Everything, query, 'query') as object;
    expect(Object.entries(details)).toEqual([['__proto__', ['The   proto   field is prohibited.']]]);
  });

  it('are echoed neither at length nor without end', () => {
    const flood = Object.fromEntries([...Array(1000).keys()].map((i) => [`k${i}${'x'.repeat(1000)}`, 1]));
    const details = messages(Everything, flood) as object;
    expect(Object.keys(details)).toHaveLength(20);
    expect(JSON.stringify(details).length).toBeLessThan(5000);
  });

  it('are all there are where nothing may be sent', () => {
    expect(() => refuseAll({ a: 1 })).toThrow(FieldErrors);
    expect(() => refuseAll({})).not.toThrow();
  });
});

describe('a query', () => {
  it('says numbers and truth values in text', () => {
    const read = readDto(Everything, { max_activations: '7', mandatory: 'false' }, 'query');
    expect(read).toMatchObject({ max_activations: 7, mandatory: false });
  });

  it.each<[Record<string, unknown>, string]>([
    [{ max_activations: '7.0' }, 'The max activations field must be an integer.'],
    [{ max_activations: ' 7' }, 'The max activations field must be an integer.'],
    [{ max_activations: '0x7' }, 'The max activations field must be an integer.'],
    [{ max_activations: ['7', '8'] }, 'The max activations field must be an integer.'],
    [{ mandatory: 'yes' }, 'The mandatory field must be true or false.'],
    [{ channel: ['stable', 'beta'] }, 'The selected channel is invalid.'],
    [{ note: ['a', 'b'] }, 'The note field must be a string.'],
    [{ note: 'a\0' }, 'The note field format is invalid.'],
  ])('refuses %j', (raw, message) => {
    expect(messages(Everything, raw, 'query')).toEqual({ [String(Object.keys(raw)[0])]: [message] });
  });
});

describe('inheritance', () => {
  class Base {
    @fields.Text({ required: true })
    first: string;
  }
  class Derived extends Base {
    @fields.Text({ required: true })
    second: string;

    @fields.IntegerField({ min: 1, default: 1 })
    third: number;
  }
  class Patch extends PartialType(Derived) {}

  it('keeps the order: the base first', () => {
    expect(Object.keys(messages(Derived, {}) as object)).toEqual(['first', 'second']);
  });

  it('fills in defaults for what is absent', () => {
    expect(readDto(Derived, { first: 'a', second: 'b', third: null }, 'body').third).toBe(1);
  });

  it('makes a patch in which an empty field is neither a change nor absent, unless it can be cleared', () => {
    class Optional {
      @fields.IntegerField({ min: 1 })
      valid_for?: number;
    }
    class Whole {
      @fields.Text({ nullable: true })
      note?: string | null;

      @fields.BooleanField({ default: true })
      mandatory: boolean;

      @fields.ObjectField(() => Optional)
      lease?: Optional;
    }
    class Change extends PartialType(Whole) {
      @fields.BooleanField()
      enabled?: boolean;
    }
    for (const empty of [null, '']) {
      expect(messages(Change, { mandatory: empty, enabled: empty })).toEqual({
        mandatory: ['The mandatory field is required.'],
        enabled: ['The enabled field is required.'],
      });
      expect(messages(Change, { lease: { valid_for: empty } })).toEqual({
        'lease.valid_for': ['The lease.valid for field is required.'],
      });
      expect(readDto(Change, { note: empty }, 'body')).toEqual({ note: null });
      expect(readDto(Whole, { mandatory: empty, lease: { valid_for: empty } }, 'body').mandatory).toBe(true);
    }
    expect(messages(Change, { lease: {} })).toBeNull();
  });

  it('makes a patch in which nothing is required and nothing is filled in', () => {
    expect(readDto(Patch, {}, 'body').third).toBeUndefined();
    expect(messages(Patch, { first: 5, colour: 1 })).toEqual({
      first: ['The first field must be a string.'],
      colour: ['The colour field is prohibited.'],
    });
  });
});
