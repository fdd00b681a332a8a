const say = (text: string) => process.stderr.write(text);

/** What takes long tells how far it is: on a terminal in one line that is written over. */
export function progressLine(title: string, total: number) {
  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1_000;
  const isTerminal = process.stderr.isTTY;
  say(isTerminal ? `${title} …` : `${title} …\n`);
  return {
    at(done: number) {
      if (isTerminal)
        say(`\r${title}: ${Math.round((done / total) * 100)} % after ${seconds().toFixed(0)} s`);
    },
    /** Answers how many seconds it took. */
    end(): number {
      say(`${isTerminal ? '\r' : ''}${title}: done in ${seconds().toFixed(1)} s\n`);
      return seconds();
    },
  };
}

export const note = (text: string) => say(`${text}\n`);
