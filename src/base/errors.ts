/**
 * The one error that a room throws on purpose.
 *
 * `code` is for programs (stable, kebab-case), `message` says what happened, `remedy` says what a
 * person can do about it, `details` holds plain values that a view may show. Anything else that
 * reaches a person is a defect and is shown with its stack.
 */
export class GlassboxError extends Error {
  override readonly name = 'GlassboxError';
  readonly code: string;
  readonly remedy: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    code: string,
    message: string,
    options: { remedy?: string; details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
    this.details = options.details ?? {};
  }
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Whether it was thrown on purpose, with this code. */
export function hasCode(thrown: unknown, code: string): thrown is GlassboxError {
  return thrown instanceof GlassboxError && thrown.code === code;
}

/** What work throws that was told to stop. */
export function cancelled(signal: AbortSignal, message = 'Cancelled.'): GlassboxError {
  return new GlassboxError('cancelled', message, { cause: signal.reason });
}

/** Throws the signal's reason as a `cancelled` error, if it has been aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}
