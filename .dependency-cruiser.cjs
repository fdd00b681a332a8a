/** Dependencies point down: see "Where things live" in the README. */
const features = '^src/(licenses|updates|downloads|admin|auth|portal|webhooks|housekeeping|health)/';
const rule = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    rule('no-cycles', 'A cycle cannot be understood or tested one part at a time.', {}, { circular: true }),
    rule(
      'domain-is-pure',
      'The rules import nothing but their neighbours, semver and node:crypto.',
      { path: '^src/domain/' },
      { pathNot: '^(src/domain/|node_modules/semver/|node_modules/@types/semver/|(node:)?crypto$)' },
    ),
    rule(
      'only-config-reads-the-environment',
      'config.ts is the only reader of settings; lower layers are given values.',
      { path: '^src/(domain|database|signing|http)/' },
      { path: '^src/(app\\.|main|admin-cli)' },
    ),
    rule(
      'lower-layers-know-no-feature',
      'Only app.* and the entry points assemble features.',
      { path: '^src/(domain|database|signing|http|access|conventions|metrics|storage|jobs)/' },
      { path: features },
    ),
    rule(
      'features-do-not-import-each-other',
      'What two features need moves down.',
      { path: '^src/(licenses|updates|downloads|admin|auth|portal|webhooks|housekeeping|health)/' },
      { path: features, pathNot: '^src/$1/' },
    ),
    rule(
      'verdicts-know-no-replica',
      'Only lists and figures of the admin plane may be a moment old.',
      { path: '^src/', pathNot: '^src/(admin/|admin-cli/|app\\.)' },
      { path: '^src/database/read-replica' },
    ),
    rule(
      'http-knows-no-database',
      'The envelopes must work while the database is down.',
      { path: '^src/http/' },
      { path: '^src/(database|signing)/' },
    ),
    rule(
      'agent-stands-alone',
      'The agent is installed without the service.',
      { path: '^agent/src/' },
      { path: '^src/' },
    ),
    rule(
      'agent-domain-is-pure',
      "The agent's rules import nothing but their neighbours and node:crypto.",
      { path: '^agent/src/domain/' },
      { pathNot: '^(agent/src/domain/|(node:)?crypto$)' },
    ),
    rule('no-unresolvable', 'Every import exists.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
