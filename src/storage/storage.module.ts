import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { CONFIG, type Config } from '../config.js';
import { ArtifactStorage } from './artifact-storage.js';

/** The files of artifacts. */
@Module({
  providers: [
    {
      provide: ArtifactStorage,
      inject: [CONFIG],
      useFactory: (config: Config & { DATA_DIR: string }) => ArtifactStorage.open(config),
    },
  ],
  exports: [ArtifactStorage],
})
export class StorageModule implements OnApplicationShutdown {
  constructor(private readonly storage: ArtifactStorage) {}

  /** After the last transfer has ended. */
  onApplicationShutdown(): void {
    this.storage.close();
  }
}
