import { open, type FileHandle } from 'node:fs/promises';

/** A file as its readers share it. */
export interface OpenFile {
  readonly handle: FileHandle;
  /** Bytes, when it was opened. */
  readonly size: number;
  /** To be called once. What has failed is opened anew by whoever comes next. */
  release(failed: boolean): void;
}

/** Well below what a process may have open. */
const MOST_KEPT = 128;

/** So long without a reader, or up to twice as long, and it is closed: a file that was deleted takes up its space until then. */
const IDLE_MS = 1_000;

/** A file with as many as are reading it. */
interface Kept {
  readonly opened: Promise<{ readonly handle: FileHandle; readonly size: number }>;
  readers: number;
  /** Since the last look. */
  wasRead: boolean;
}

async function openWithSize(path: string) {
  const handle = await open(path);
  try {
    const { size } = await handle.stat();
    return { handle, size };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Files that stay open from one reader to the next: to open, measure and close a file are three detours over another
 * thread, which together take longer than to read a megabyte. What is stored under a path never changes.
 */
export class OpenFiles {
  private readonly kept = new Map<string, Kept>();
  private timer: NodeJS.Timeout | undefined;

  async open(path: string): Promise<OpenFile> {
    const kept = this.kept.get(path) ?? this.keep(path);
    kept.readers++;
    kept.wasRead = true;
    try {
      const { handle, size } = await kept.opened;
      return { handle, size, release: (failed) => this.release(path, kept, failed) };
    } catch (error) {
      this.forget(path, kept);
      throw error;
    }
  }

  private keep(path: string): Kept {
    const kept = { opened: openWithSize(path), readers: 0, wasRead: true };
    if (this.kept.size < MOST_KEPT) this.kept.set(path, kept);
    this.timer ??= setInterval(() => this.closeIdle(), IDLE_MS).unref();
    return kept;
  }

  private release(path: string, kept: Kept, failed: boolean): void {
    kept.readers--;
    if (failed) this.forget(path, kept);
    if (kept.readers === 0 && this.kept.get(path) !== kept) this.close(kept);
  }

  private closeIdle(): void {
    for (const [path, kept] of this.kept) {
      if (kept.readers === 0 && !kept.wasRead) {
        this.forget(path, kept);
        this.close(kept);
      }
      kept.wasRead = false;
    }
    if (this.kept.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private forget(path: string, kept: Kept): void {
    if (this.kept.get(path) === kept) this.kept.delete(path);
  }

  /** A read under way ends first. There is nobody left to be told of a failure, and nothing to be done about it. */
  private close({ opened }: Kept): void {
    opened.then(({ handle }) => handle.close()).catch(() => undefined);
  }
}
