/** How a panel runs its agent. The command line reads these from flags, environment and a file; a program passes them. */
export interface Settings {
  /** The service's address, `https://licenses.example.com`; null: the one that the license was activated at. */
  readonly server: string | null;
  /** The product's code: a key of another product is refused then. */
  readonly product: string | null;
  /** The prefix under which a key's check characters are judged; null: under the key's own. */
  readonly keyPrefix: string | null;
  /** The version that the panel runs, SemVer. */
  readonly version: string | null;
  /** A file that holds the version that the panel runs; it goes before `version` and is read anew each time. */
  readonly versionFile: string | null;
  readonly channel: 'stable' | 'beta' | 'alpha';
  /** Where the license, the lease and the pinned keys are kept; private to the agent. */
  readonly stateDir: string;
  /** A secret that tells this installation from its copies; null: `hardware-seed` in the state folder, where it exists. */
  readonly seedFile: string | null;
  /** Thumbprints (RFC 7638) of the vendor's signing keys; empty: whatever keys the service publishes at activation. */
  readonly trustedKeys: readonly string[];
  /** Whether the license key may travel over plain HTTP to another machine. */
  readonly insecureHttp: boolean;
  /** Where updates are downloaded to; null: `updates` in the state folder. */
  readonly downloadDir: string | null;
  /** The command that installs a downloaded file, with its arguments; no shell. Null: updates are only downloaded. */
  readonly updateHook: readonly string[] | null;
  /** Seconds that the hook may take. */
  readonly updateHookTimeout: number;
  readonly platform: string;
  readonly arch: string;
  readonly hostname: string;
}
