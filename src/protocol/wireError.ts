/** Errors across a hop, whole: code, message, remedy, details and causes. */
import * as z from 'zod';
import { GlassboxError, messageOf } from '../base/errors';

export interface WireError {
  readonly code: string;
  readonly message: string;
  readonly remedy?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly stack?: string | undefined;
  readonly cause?: WireError | undefined;
}

export const wireErrorSchema: z.ZodType<WireError> = z.lazy(() =>
  z.object({
    code: z.string(),
    message: z.string(),
    remedy: z.string().optional(),
    details: z.record(z.string(), z.unknown()).optional(),
    stack: z.string().optional(),
    cause: wireErrorSchema.optional(),
  }),
);

/** Causes that travel along; an error that is its own cause must not travel for ever. */
const MOST_CAUSES = 8;

/** Whatever was thrown, as a message. What is not a GlassboxError is a defect: `internal`. */
export function toWire(thrown: unknown, causes = MOST_CAUSES): WireError {
  const known = thrown instanceof GlassboxError ? thrown : undefined;
  const error = thrown instanceof Error ? thrown : undefined;
  return {
    code: known?.code ?? 'internal',
    message: messageOf(thrown),
    remedy: known?.remedy,
    details: known?.details,
    stack: error?.stack,
    cause: error?.cause === undefined || causes === 0 ? undefined : toWire(error.cause, causes - 1),
  };
}

/** The error that was thrown on the other side, with the stack that it had there. */
export function fromWire(wire: WireError): Error {
  const cause = wire.cause && fromWire(wire.cause);
  const error =
    wire.code === 'internal'
      ? new Error(wire.message, { cause })
      : new GlassboxError(wire.code, wire.message, {
          ...(wire.remedy === undefined ? {} : { remedy: wire.remedy }),
          ...(wire.details === undefined ? {} : { details: wire.details }),
          cause,
        });
  if (wire.stack !== undefined) error.stack = wire.stack;
  return error;
}
