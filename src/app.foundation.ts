import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Clock } from './clock.js';
import { CONFIG, type Config } from './config.js';
import type { OpenDatabase } from './database/open.js';
import { PatientDatabase } from './database/patient-database.js';
import { Pepper } from './signing/data-keys.js';
import { KeyRing } from './signing/key-ring.js';
import { LeaseIssuer } from './signing/lease-issuer.js';
import { MasterKey } from './signing/master-key.js';
import type { OpenKeys } from './signing/open-keys.js';
import { Vault } from './signing/vault.js';
import { ArtifactStorage } from './storage/artifact-storage.js';

/** What is opened before the application is: features are given it and never open it themselves. */
export interface Foundation {
  readonly config: Config;
  readonly clock: Clock;
  readonly database: OpenDatabase;
  readonly keys: OpenKeys;
  readonly storage: ArtifactStorage;
}

/** Makes the foundation injectable everywhere. */
@Global()
@Module({})
export class FoundationModule {
  static of({ config, clock, database, keys, storage }: Foundation): DynamicModule {
    const values = [
      { provide: CONFIG, useValue: { ...config, DATA_DIR: database.dataDir } satisfies Config },
      { provide: Clock, useValue: clock },
      { provide: Pepper, useValue: keys.pepper },
      { provide: Vault, useValue: keys.vault },
      { provide: KeyRing, useValue: keys.keyRing },
      { provide: MasterKey, useValue: keys.masterKey },
      { provide: ArtifactStorage, useValue: storage },
    ];
    return {
      module: FoundationModule,
      imports: [
        TypeOrmModule.forRootAsync({
          useFactory: () => database.dataSource.options,
          // It is open already: the start told its failures one by one before anything listened.
          dataSourceFactory: () => Promise.resolve(database.dataSource),
        }),
      ],
      providers: [...values, LeaseIssuer, PatientDatabase],
      exports: [...values.map(({ provide }) => provide), LeaseIssuer, PatientDatabase],
    };
  }
}
