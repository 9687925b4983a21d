/**
 * The webgpu backend against the suite that every backend passes, on this machine's GPU or, without
 * one, on SwiftShader: with WebGPU's default limits, as the weakest devices have, and with all that the
 * adapter offers.
 */
import { openWebgpu } from '../../src/engine/backend/webgpu/webgpu';
import { conformance } from './conformance';
import { useSoftwareAdapter } from './softwareAdapter';

useSoftwareAdapter();
conformance('webgpu', () => openWebgpu({ software: true }));
conformance(
  'webgpu',
  () => openWebgpu({ software: true, limits: 'default' }),
  " with WebGPU's default limits",
);
