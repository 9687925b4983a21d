/**
 * onnxruntime's packages for Linux and macOS report their use to their maker over the network, and keep an id
 * of the machine in the user's cache folder, unless the environment says otherwise. They read the process's own
 * environment, of which a worker thread has but a copy: so this is called in the main thread, before any
 * session is made.
 */
import process from 'node:process';

export function withoutTelemetry(): void {
  process.env['ORT_DISABLE_TELEMETRY'] = '1';
}
