import { firstNotHeld, PERMISSIONS } from '../../src/admin/api-keys/grants.js';

describe('a permission', () => {
  it('is handed on by who may do everything', () => {
    for (const permission of PERMISSIONS) expect(firstNotHeld(['all'], [permission])).toBeNull();
  });

  it.each([
    [['read'], 'read'],
    [['read'], 'licenses:read'],
    [['licenses:write'], 'licenses:write'],
    [['licenses:write'], 'licenses:read'],
    [['licenses:read'], 'licenses:read'],
  ])('of %j may be handed on as %s', (held, wanted) => expect(firstNotHeld(held, [wanted])).toBeNull());

  it.each([
    [['api-keys:write'], 'all'],
    [['api-keys:write'], 'read'],
    [['api-keys:write'], 'licenses:read'],
    [['read'], 'all'],
    [['read'], 'licenses:write'],
    [['licenses:read'], 'licenses:write'],
    [['licenses:read'], 'versions:read'],
    [PERMISSIONS.filter((each) => each.includes(':')), 'read'],
    [PERMISSIONS.filter((each) => each !== 'all'), 'all'],
    [[], 'licenses:read'],
    [['read'], 'unheard-of:read'],
  ])('of %j may not be handed on as %s', (held, wanted) => expect(firstNotHeld(held, [wanted])).toBe(wanted));

  it('is named when it is the one of several that is not held', () =>
    expect(firstNotHeld(['licenses:write'], ['licenses:read', 'versions:read', 'all'])).toBe(
      'versions:read',
    ));
});
