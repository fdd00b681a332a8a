/** A reason not to start, told in one sentence. Its message reaches the terminal as it is, without a stack trace. */
export class StartupError extends Error {}
