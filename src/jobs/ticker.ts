import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';

const EVERY_MS = 1_000;

/** Something small that every node looks after all the time. Whether only one of them may do it is its own to see to. */
export interface Tick {
  readonly name: string;
  readonly run: () => Promise<void>;
  /** Every how many seconds; 1 unless told. */
  readonly everySeconds?: number;
  /** Run once more while the service stops, for what would be lost with this process. */
  readonly atStop?: boolean;
}

/** Looks after things by the second, each by itself: one that is slow or fails holds up no other. */
@Injectable()
export class Ticker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Ticker');
  private readonly ticks: Tick[] = [];
  private readonly stop = new AbortController();
  private loops: Promise<void>[] = [];

  /** Call it while the module starts. */
  every(tick: Tick): void {
    this.ticks.push(tick);
  }

  onApplicationBootstrap(): void {
    this.loops = this.ticks.map((tick) => this.loop(tick));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.stop.abort();
    await Promise.all(this.loops);
  }

  private async loop(tick: Tick): Promise<void> {
    let isFailing = false;
    while (await this.pause((tick.everySeconds ?? 1) * EVERY_MS)) {
      const works: boolean = await this.attempt(tick, isFailing);
      isFailing = !works;
    }
    if (tick.atStop) await this.attempt(tick, false);
  }

  /** False once the service stops. */
  private pause(ms: number): Promise<boolean> {
    const { signal } = this.stop;
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve(!signal.aborted);
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done);
    });
  }

  /** A failure is told once until it is over: a database that is away for an hour is not 3,600 lines. */
  private async attempt({ name, run }: Tick, isFailing: boolean): Promise<boolean> {
    try {
      await run();
      if (isFailing) this.logger.log(`${name} works again.`);
      return true;
    } catch (error) {
      if (!isFailing) this.logger.warn({ err: error }, `${name} failed and is tried again.`);
      return false;
    }
  }
}
