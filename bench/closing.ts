/** What was started and has to be stopped, last first, however the benchmark ends. */
export class Closing {
  private readonly steps: (() => Promise<unknown>)[] = [];
  private closed: Promise<void> | undefined;

  /** Control-C was pressed: what fails after that is its doing. */
  interrupted = false;

  later(step: () => Promise<unknown>): void {
    this.steps.push(step);
  }

  /** Every step is tried: one that fails must not leave a database running. */
  close(): Promise<void> {
    return (this.closed ??= this.run(0));
  }

  /** Takes back what was added since `mark`, for a part of the benchmark that is over. */
  async closeSince(mark: number): Promise<void> {
    if (this.closed === undefined) await this.run(mark);
  }

  get mark(): number {
    return this.steps.length;
  }

  onSignals(): void {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (this.interrupted) return;
        this.interrupted = true;
        console.error('\nStopping …');
        void this.close().then(() => process.exit(130));
      });
    }
  }

  private async run(mark: number): Promise<void> {
    while (this.steps.length > mark) {
      await this.steps
        .pop()?.()
        .catch((error: unknown) => console.error(error));
    }
  }
}
