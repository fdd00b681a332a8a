import { Global, Logger, Module, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { CONFIG, type Config } from './config.js';
import { ReadReplica } from './database/read-replica.js';

/** Where the admin plane reads its lists and figures. */
@Global()
@Module({
  providers: [
    {
      provide: ReadReplica,
      inject: [DataSource, CONFIG],
      useFactory: (primary: DataSource, { DATABASE_REPLICA_URL, DATABASE_POOL_SIZE }: Config) =>
        new ReadReplica(primary, {
          url: DATABASE_REPLICA_URL,
          poolSize: DATABASE_POOL_SIZE,
          log: new Logger('ReadReplica'),
        }),
    },
  ],
  exports: [ReadReplica],
})
export class ReplicaModule implements OnModuleInit, OnApplicationShutdown {
  constructor(private readonly replica: ReadReplica) {}

  onModuleInit(): Promise<void> {
    return this.replica.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.replica.stop();
  }
}
