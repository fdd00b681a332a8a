/** Whoever watches an update. What it does with the news is its own affair; it must not fail. */
export interface Progress {
  /** A file is being fetched, of which so many bytes are there. */
  begin(file: { readonly filename: string; readonly size: number; readonly received: number }): void;
  /** So many bytes of it are there now; fewer than before when it had to start anew. */
  received(bytes: number): void;
  /** No more bytes of the file will come: it is whole, or it failed. */
  end(): void;
  /** A sentence about what happens, or a line that the hook wrote. */
  say(sentence: string): void;
}

const nothing = () => undefined;

/** Watches and says nothing. */
export const silentProgress: Progress = { begin: nothing, received: nothing, end: nothing, say: nothing };
