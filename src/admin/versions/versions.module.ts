import { Module } from '@nestjs/common';
import { ArtifactSigner } from '../../signing/artifact-signer.js';
import { ArtifactFiles } from './artifact-files.js';
import { ArtifactsController } from './artifacts.controller.js';
import { ArtifactsService } from './artifacts.service.js';
import { VersionsController } from './versions.controller.js';
import { VersionsService } from './versions.service.js';

/** Versions of products and their files. */
@Module({
  controllers: [VersionsController, ArtifactsController],
  providers: [VersionsService, ArtifactsService, ArtifactFiles, ArtifactSigner],
})
export class AdminVersionsModule {}
