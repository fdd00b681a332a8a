/** The right to fetch one file. All but the address comes from claims that a trusted key signed. */
export interface VerifiedDownload {
  /** A secret for some minutes: whoever has it can fetch the file. */
  readonly url: string;
  readonly version: string;
  /** A plain name, without a folder. */
  readonly filename: string;
  /** Bytes. */
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  readonly expiresInSeconds: number;
}
