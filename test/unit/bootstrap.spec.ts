import { announcement } from '../../src/auth/bootstrap.js';

describe('the announcement of the first secrets', () => {
  it('shows what was generated', () => {
    const text = announcement({ password: 'PASSWORD', key: 'mk_KEY' }).join('\n');
    expect(text).toContain('Admin user      admin\n');
    expect(text).toContain('Admin password  PASSWORD\n');
    expect(text).toContain('Admin API key   mk_KEY\n');
  });

  it('keeps what was set to itself', () => {
    expect(announcement({ password: null, key: 'mk_KEY' }).join('\n')).not.toContain('password');
    expect(announcement({ password: 'PASSWORD', key: null }).join('\n')).not.toContain('API key');
    expect(announcement({ password: null, key: null })).toEqual([]);
  });
});
