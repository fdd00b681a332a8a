import { createReadStream } from 'node:fs';
import { HeadObjectCommand, S3Client, S3ServiceException } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { Disk } from 'flydrive';
import { S3Driver } from 'flydrive/drivers/s3';
import { unavailable } from '../http/errors.js';
import { StartupError } from '../startup-error.js';
import type { Backend, Served, ServeOptions } from './backend.js';
import type { StagedFile } from './staging.js';
import type { S3Location } from './storage-location.js';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary keys, which no server knows without it. */
  readonly sessionToken?: string;
}

/** Long enough to follow a redirect; a transfer that has begun goes on, and a resumed one asks for another. */
const REDIRECT_SECONDS = 120;

/** Amazon's bound for an object that is put in one request, which is how flydrive puts them. */
const MAX_OBJECT_BYTES = 5 * 1024 ** 3;

const CONNECT_WITHIN_MS = 5_000;
const SILENT_AFTER_MS = 60_000;

const CONTENT_TYPE = 'application/octet-stream';

/** What fails is thrown and logged by whoever catches it; by itself the SDK would write to the console. */
const silent = () => undefined;
const SILENT = { trace: silent, debug: silent, info: silent, warn: silent, error: silent };

/** A refusal (4xx) is a mistake in the set-up, which another try won't mend; everything else it may. */
function putFailure(error: unknown): unknown {
  const cause = error instanceof Error ? error.cause : undefined;
  const isRefusal = cause instanceof S3ServiceException && (cause.$metadata.httpStatusCode ?? 500) < 500;
  return isRefusal ? error : unavailable(error);
}

/** A bucket of Amazon's or of anyone who speaks the same protocol. */
export class S3Backend implements Backend {
  readonly disk: Disk;
  readonly maxBytes = MAX_OBJECT_BYTES;

  private constructor(
    private readonly client: S3Client,
    private readonly bucket: string,
    readonly stagingFolder: string,
  ) {
    // Buckets without access lists are the rule by now, and many servers have none.
    const driver = new S3Driver({ client, bucket, visibility: 'private', supportsACL: false });
    this.disk = new Disk(driver);
  }

  /**
   * Asks nothing of the bucket: licenses must be served while the storage is away.
   * @throws StartupError when nobody says which region it is in
   */
  static async open(
    { bucket, region, endpoint, forcePathStyle }: S3Location,
    credentials: S3Credentials | null,
    stagingFolder: string,
  ): Promise<S3Backend> {
    // Who names an endpoint has chosen the server already; the region is then only a word in the signature.
    const named = region ?? (endpoint === null ? null : 'us-east-1');
    const client = new S3Client({
      ...(named !== null && { region: named }),
      ...(endpoint !== null && { endpoint }),
      ...(credentials !== null && { credentials }),
      forcePathStyle,
      logger: SILENT,
      // Checksums in trailers and in presigned addresses are refused by servers that don't know them.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      requestHandler: { connectionTimeout: CONNECT_WITHIN_MS, socketTimeout: SILENT_AFTER_MS },
    });
    try {
      await client.config.region();
    } catch (error) {
      throw new StartupError('STORAGE_URL needs a region: s3://bucket?region=eu-central-1.', {
        cause: error,
      });
    }
    return new S3Backend(client, bucket, stagingFolder);
  }

  /** @throws ApiError 503 when the bucket can't be reached or fails; any other error when it refuses */
  async put({ path, size }: StagedFile, key: string): Promise<void> {
    const bytes = createReadStream(path);
    try {
      await this.disk.putStream(key, bytes, { contentType: CONTENT_TYPE, contentLength: size });
    } catch (error) {
      throw putFailure(error);
    } finally {
      // A request that never got as far as the body leaves it open.
      bytes.destroy();
    }
  }

  async serve(key: string, { method, contentDisposition }: ServeOptions): Promise<Served> {
    // The method is part of the signature: an address for GET refuses HEAD.
    const url =
      method === 'HEAD'
        ? await getSignedUrl(this.client, this.headOf(key, contentDisposition), {
            expiresIn: REDIRECT_SECONDS,
          })
        : await this.disk.getSignedUrl(key, {
            expiresIn: REDIRECT_SECONDS,
            contentType: CONTENT_TYPE,
            contentDisposition,
          });
    return { kind: 'redirect', url };
  }

  private headOf(key: string, contentDisposition: string): HeadObjectCommand {
    return new HeadObjectCommand({
      Bucket: this.bucket,
      Key: key,
      ResponseContentType: CONTENT_TYPE,
      ResponseContentDisposition: contentDisposition,
    });
  }
}
