import type { Container } from '../../src/domain/container.js';
import { digestOf } from '../../src/domain/hardware-digest.js';
import { chooseRecipe, keepRecipe, type Recipe, type Seed } from '../../src/domain/hardware-choice.js';
import type { Machine, MachineId } from '../../src/domain/machine-id.js';

const DOCKER: Container = { name: 'docker', kind: 'application' };
const LXC: Container = { name: 'lxc', kind: 'system' };
const GOOD = '5f2b9c0d41e84a7796d3a1c08be27f64';

const machine = (id: Partial<MachineId> = {}, container: Container | null = null): Machine => ({
  id: { value: GOOD, from: '/etc/machine-id', trouble: null, isMounted: false, isInMemory: false, ...id },
  container,
});
const seed = (facts: Partial<Seed> = {}): Seed => ({
  file: '/data/seed',
  isConfigured: false,
  isThere: false,
  trouble: null,
  isShortLived: false,
  ...facts,
});
const THERE = seed({ isThere: true });
const NONE = seed();

/** Machines whose id tells nothing, and what is said about it. */
const FLAWED: [why: string, machine: Machine, says: RegExp, isFatal: boolean][] = [
  [
    'has none',
    machine({ value: null, trouble: 'This system has no machine id.' }),
    /has no machine id/,
    true,
  ],
  ['has none and no word for it', machine({ value: null }), /no machine id in \/etc\/machine-id/, true],
  ['has not finished its first boot', machine({ value: 'uninitialized' }), /not given itself/, true],
  ['has something else there', machine({ value: 'panel-1.example.com' }), /not a machine id/, true],
  ['has too short an id', machine({ value: GOOD.slice(1) }), /not a machine id/, true],
  ['has two ids in one line', machine({ value: GOOD + GOOD }), /not a machine id/, true],
  ['has all zeros', machine({ value: '0'.repeat(32) }), /one digit over and over/, false],
  ['has all f', machine({ value: 'f'.repeat(32) }), /one digit over and over/, false],
  ['has a UUID of zeros', machine({ value: '00000000-0000-0000-0000-000000000000' }), /over and over/, false],
  ['has the hash of nothing', machine({ value: 'd41d8cd98f00b204e9800998ecf8427e' }), /MD5 sum/, false],
  ['has its board’s placeholder', machine({ value: '03000200-0400-0500-0006-000700080009' }), /board/, false],
  ['is made from a known image', machine({ value: '9989a26f06984d6dbadc01770f018e3b' }), /HypriotOS/, false],
  ['keeps it in memory', machine({ isInMemory: true, isMounted: true }), /kept in memory/, false],
  ['is a container with its image’s id', machine({}, DOCKER), /comes with the image of this docker/, false],
];

/** Machines whose id can be relied on. */
const SOUND: [what: string, machine: Machine][] = [
  ['a machine', machine()],
  ['a machine with a UUID', machine({ value: '5f2b9c0d-41e8-4a77-96d3-a1c08be27f64' })],
  ['a system container', machine({}, LXC)],
  ['a container that the host’s id is mounted into', machine({ isMounted: true }, DOCKER)],
];

describe('The recipe of a new installation', () => {
  it.each(SOUND)('is the machine id on %s', (_, at) => {
    expect(chooseRecipe(at, NONE)).toMatchObject({ recipe: 'machine-id', problem: null });
  });

  it.each(SOUND)('is the machine id and the seed on %s with a seed', (_, at) => {
    expect(chooseRecipe(at, THERE)).toMatchObject({ recipe: 'machine-id+seed', problem: null });
  });

  it.each(FLAWED)('is the seed alone on a machine that %s', (_, at) => {
    expect(chooseRecipe(at, THERE)).toMatchObject({ recipe: 'seed', problem: null });
  });

  it.each(FLAWED)('is none without a seed on a machine that %s, and asks for a seed', (_, at, says) => {
    const { recipe, problem, because } = chooseRecipe(at, NONE);
    expect(recipe).toBeNull();
    expect(problem).toMatch(says);
    expect(problem).toContain('`mooring-agent hardware-id --create-seed`');
    expect(problem).toContain('/data/seed');
    expect(because).toContainEqual(expect.stringMatching(says));
  });

  it('asks for a volume only in a container', () => {
    expect(chooseRecipe(machine({}, DOCKER), NONE).problem).toContain('volume');
    expect(chooseRecipe(machine({ value: null }), NONE).problem).not.toContain('volume');
    expect(chooseRecipe(machine({ value: null }, LXC), NONE).problem).not.toContain('volume');
  });

  it.each([
    ['sound', machine()],
    ['flawed', machine({}, DOCKER)],
  ])('is none when the seed file that was named is missing, on a %s machine', (_, at) => {
    const { recipe, problem, because } = chooseRecipe(at, seed({ isConfigured: true }));
    expect(recipe).toBeNull();
    expect(problem).toMatch(/^The seed file \/data\/seed is not there\. Mount the volume/);
    expect(because).toContain('There is no file /data/seed, which is to hold the seed.');
  });

  it('is none when the seed file is no good, even where the machine id would do', () => {
    const bad = seed({ isThere: true, trouble: 'The seed file /data/seed is empty.' });
    expect(chooseRecipe(machine(), bad)).toMatchObject({ recipe: null, problem: bad.trouble });
  });
});

describe('The recipe of an activated license', () => {
  const RECIPES: Recipe[] = ['machine-id', 'machine-id+seed', 'seed'];
  const doubtful = FLAWED.filter(([, , , isFatal]) => !isFatal);
  const fatal = FLAWED.filter(([, , , isFatal]) => isFatal);

  it.each(RECIPES)('stays %s on a sound machine', (recipe) => {
    expect(keepRecipe(recipe, machine(), THERE)).toMatchObject({ recipe, problem: null });
  });

  it.each(doubtful)('stays on a machine that %s: a doubt must not change the answer', (_, at) => {
    expect(keepRecipe('machine-id', at, NONE)).toMatchObject({ recipe: 'machine-id' });
    expect(keepRecipe('machine-id+seed', at, THERE)).toMatchObject({ recipe: 'machine-id+seed' });
  });

  it.each(fatal)('cannot be followed on a machine that %s', (_, at, says) => {
    for (const [recipe, itsSeed] of [['machine-id', NONE] as const, ['machine-id+seed', THERE] as const]) {
      const { recipe: kept, problem } = keepRecipe(recipe, at, itsSeed);
      expect(kept).toBeNull();
      expect(problem).toMatch(says);
      expect(problem).toContain('mooring-agent activate KEY');
    }
  });

  it('does not care for the machine when it is the seed, nor for a seed when it is the machine id', () => {
    const bad = seed({ isThere: true, trouble: 'The seed file /data/seed is empty.' });
    expect(keepRecipe('seed', null, THERE)).toMatchObject({ recipe: 'seed' });
    for (const idle of [NONE, THERE, bad, seed({ isConfigured: true })]) {
      expect(keepRecipe('machine-id', machine(), idle)).toMatchObject({ recipe: 'machine-id' });
    }
  });

  it('says that a seed which came later is not used', () => {
    const said = expect.stringMatching(/\/data\/seed is not used/);
    expect(keepRecipe('machine-id', machine(), THERE).because).toContainEqual(said);
    expect(keepRecipe('machine-id', machine(), NONE).because).not.toContainEqual(said);
    expect(keepRecipe('machine-id+seed', machine(), THERE).because).not.toContainEqual(said);
  });

  it.each(['machine-id+seed', 'seed'] as const)('cannot be followed without its seed: %s', (recipe) => {
    const { recipe: kept, problem } = keepRecipe(recipe, machine(), NONE);
    expect(kept).toBeNull();
    expect(problem).toMatch(/seed file \/data\/seed, which is not there/);
  });

  it('cannot be followed with a seed that is no good', () => {
    const bad = seed({ isThere: true, trouble: 'The seed file /data/seed is empty.' });
    expect(keepRecipe('seed', null, bad)).toMatchObject({ recipe: null, problem: bad.trouble });
  });
});

describe('The explanation', () => {
  it.each([
    [machine(), 'There is no sign of a container.'],
    [machine({}, LXC), 'This is a system container (lxc), which has a machine id of its own.'],
    [machine({}, DOCKER), 'This is a container (docker).'],
    [machine(), 'The machine id is from /etc/machine-id, and nothing speaks against it.'],
  ])('says what the agent runs on', (at, sentence) => {
    expect(chooseRecipe(at, THERE).because).toContain(sentence);
  });

  it('warns that a mounted machine id is shared by all containers that have it, and of nothing else', () => {
    const warning = expect.stringMatching(/count as one machine, unless each has a seed file/);
    expect(chooseRecipe(machine({ isMounted: true }, DOCKER), NONE).because).toContainEqual(warning);
    for (const at of [machine(), machine({}, LXC), machine({}, DOCKER)]) {
      expect(chooseRecipe(at, THERE).because).not.toContainEqual(warning);
    }
  });

  it('warns of a seed that goes with the container', () => {
    const warning = expect.stringMatching(/not on a volume/);
    const shortLived = seed({ isThere: true, isShortLived: true });
    expect(chooseRecipe(machine({}, DOCKER), shortLived).because).toContainEqual(warning);
    expect(chooseRecipe(machine({}, DOCKER), THERE).because).not.toContainEqual(warning);
  });

  it('says that there is no seed file', () => {
    expect(chooseRecipe(machine(), NONE).because).toContain('There is no seed file.');
  });
});

describe('The hardware id', () => {
  it('of a machine id alone is its SHA-256', () => {
    expect(digestOf('machine-id', 'abc', null)).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('is the same in every version of the agent', () => {
    expect(digestOf('machine-id+seed', GOOD, 'a seed')).toBe(
      '3491ed0875141ceee6d10b9ab95f2b2f85861f54ddb4767e7151a87db1fc2c7a',
    );
    expect(digestOf('seed', null, 'a seed')).toBe(
      'ec0a07fab9ab66387f6b3c3b76fcb5b45712b7a2d8737794696babd147dde275',
    );
  });

  it('of a seed does not look at a machine id, nor that of a machine id at a seed', () => {
    expect(digestOf('seed', GOOD, 'a seed')).toBe(digestOf('seed', null, 'a seed'));
    expect(digestOf('machine-id', GOOD, 'a seed')).toBe(digestOf('machine-id', GOOD, null));
  });

  it('is never made of nothing', () => {
    for (const nothing of [null, '']) {
      expect(() => digestOf('machine-id', nothing, 'a seed')).toThrow(/takes a machine id/);
      expect(() => digestOf('machine-id+seed', nothing, 'a seed')).toThrow(/takes a machine id/);
      expect(() => digestOf('machine-id+seed', GOOD, nothing)).toThrow(/takes a seed/);
      expect(() => digestOf('seed', GOOD, nothing)).toThrow(/takes a seed/);
    }
  });
});
