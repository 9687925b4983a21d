/**
 * The GPUs of this machine, through Dawn (npm `webgpu`), and the opening of one. Software adapters
 * (SwiftShader, lavapipe) compute rightly and very slowly: they are for tests, and opened only where
 * asked for.
 */
import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { GlassboxError, messageOf } from '../../../base/errors';
import { Device, MATRIX_FEATURE } from './device';
import type { DeviceOptions, MatrixTraits } from './device';
import { configsOf, matrixTraitsOf } from './matrixUnits';
import type { MatrixConfig } from './matrixUnits';

declare global {
  interface GPUAdapter {
    /** With features that WebGPU does not know yet. */
    requestDevice(
      descriptor: Omit<GPUDeviceDescriptor, 'requiredFeatures'> & {
        readonly requiredFeatures: Iterable<string>;
      },
    ): Promise<GPUDevice>;
  }
}

/** What an adapter says of itself, and what of it matters here. */
export interface AdapterFacts {
  /** For people: "NVIDIA H100 80GB HBM3 (Vulkan)". */
  readonly name: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly driver: string;
  readonly software: boolean;
  readonly features: readonly string[];
  /** Shapes that the matrix units take; none where there are no units. */
  readonly matrixConfigs: readonly MatrixConfig[];
  /** What products would use of them, in f16. */
  readonly matrix: MatrixTraits | undefined;
  readonly subgroupSizes: { readonly least: number; readonly most: number };
  readonly limits: Readonly<Record<(typeof LIMITS)[number], number>>;
}

/** The limits that kernels grow with; all are asked for as far as the adapter goes. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Variables that name Vulkan's drivers. */
const NAMED_DRIVERS = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'] as const;

const FEATURES = ['shader-f16', 'subgroups', 'timestamp-query'] as const;
/** What matrix units need; where one is missing, so are they. */
const MATRIX_FEATURES = ['shader-f16', 'subgroups', MATRIX_FEATURE] as const;

/** Features that say what a kernel could use, among all those for pictures. */
const OF_USE = /^(shader|subgroup|timestamp|chromium-experimental-subgroup)/;

/**
 * Dawn's switches: half floats on NVIDIA's driver, the experimental matrix units, and workgroup memory
 * that isn't zeroed (no kernel reads what it hasn't written; SwiftShader compiles them 8 times as fast);
 * no clamping of each index (kernels keep theirs within bounds themselves, and ranges.ts what comes from
 * outside; on an H100 a training step takes 0.84 times as long), and timestamps as fine as the GPU has them.
 */
const SWITCHES = [
  'enable-dawn-features=allow_unsafe_apis,vulkan_enable_f16_on_nvidia,disable_workgroup_init,' +
    'disable_robustness',
  'disable-dawn-features=timestamp_quantization',
];

export interface OpenOptions extends DeviceOptions {
  /** Take a software adapter where there is no GPU. Default: false. */
  readonly software?: boolean;
  /** `default`: no more than every WebGPU device has, as the weakest would. Default: `most`. */
  readonly limits?: 'default' | 'most';
}

export interface OpenedAdapter {
  readonly facts: AdapterFacts;
  readonly device: Device;
}

/** The adapter that would be opened. Throws `backend-missing` where Dawn does not load. */
export async function findAdapter(): Promise<AdapterFacts | undefined> {
  if (!hasDriver()) return undefined;
  const adapter = await request(await loadDawn());
  return adapter ? factsOf(adapter) : undefined;
}

/** As `findAdapter`, of hardware alone: nobody who has none loads Dawn, or reads what it says of others. */
export async function findHardware(): Promise<AdapterFacts | undefined> {
  const found = hasDevice() ? await findAdapter() : undefined;
  return found?.software ? undefined : found;
}

/** Throws `backend-missing` where there is no such adapter. */
export async function openAdapter({
  software = false,
  limits = 'most',
  ...options
}: OpenOptions): Promise<OpenedAdapter> {
  const adapter = hasDriver() ? await request(await loadDawn()) : null;
  if (!adapter) throw missing('WebGPU found no GPU.');
  const facts = factsOf(adapter);
  if (facts.software && !software)
    throw missing(
      `There is only the software adapter ${facts.name}, which is slower than the CPU.`,
    );
  const requiredLimits =
    limits === 'default'
      ? {}
      : Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]]));
  const requiredFeatures: string[] =
    limits === 'default' ? [] : FEATURES.filter((feature) => adapter.features.has(feature));
  if (limits !== 'default' && facts.matrix) requiredFeatures.push(MATRIX_FEATURE);
  if (options.precision === 'f16' && !requiredFeatures.includes('shader-f16'))
    throw withoutHalves(facts);
  try {
    const gpu = await adapter.requestDevice({
      requiredLimits,
      requiredFeatures,
    });
    return { facts, device: new Device(gpu, options, facts.matrix) };
  } catch (cause) {
    throw missing(`${facts.name} could not be opened: ${messageOf(cause)}`, cause);
  }
}

function missing(what: string, cause?: unknown): GlassboxError {
  return new GlassboxError('backend-missing', what, {
    remedy:
      "Compute on the CPU with --backend onnx, or install the GPU's driver (Vulkan on Linux).",
    cause,
  });
}

function withoutHalves({ name }: AdapterFacts): GlassboxError {
  return new GlassboxError(
    'backend-missing',
    `${name} cannot compute in half floats: WebGPU's feature shader-f16 is missing.`,
    { remedy: 'Compute in f32 with --precision f32, or leave the choice to auto.' },
  );
}

/**
 * Whether Vulkan has any driver. Without one, Dawn finds nothing either, and says so in lines of its
 * own on the error output of everyone who has no GPU. Other systems bring their drivers.
 */
function hasDriver(): boolean {
  const { platform, env } = process;
  if (platform !== 'linux') return true;
  if (NAMED_DRIVERS.some((name) => env[name])) return true;
  const shared = (env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share').split(':');
  const folders = [...shared, '/etc', path.join(homedir(), '.local', 'share')];
  return folders.some((folder) => {
    const drivers = path.join(folder, 'vulkan', 'icd.d');
    return existsSync(drivers) && readdirSync(drivers).length > 0;
  });
}

/**
 * Whether the system has a device of a GPU. Drivers say nothing of that: Mesa's package has one for each
 * GPU that there might be, and one that computes on the CPU. One that was named is meant.
 */
function hasDevice(): boolean {
  const { platform, env } = process;
  if (platform !== 'linux') return true;
  if (NAMED_DRIVERS.some((name) => env[name])) return true;
  const devices = existsSync('/dev') ? readdirSync('/dev') : [];
  return devices.some((name) => /^(dri|kfd|dxg|mali\d*|nvidia\d+|nvgpu)$/.test(name));
}

/** Kept for the life of the process: Dawn may be made once only, and must not be collected. */
let dawn: Promise<GPU> | undefined;

function loadDawn(): Promise<GPU> {
  dawn ??= import('webgpu').then(
    ({ create }) => create(SWITCHES),
    (cause: unknown) => {
      throw missing(`WebGPU (Dawn) does not load on this system: ${messageOf(cause)}`, cause);
    },
  );
  return dawn;
}

function request(gpu: GPU): Promise<GPUAdapter | null> {
  return gpu.requestAdapter({ powerPreference: 'high-performance' });
}

function factsOf({ info, features, limits }: GPUAdapter): AdapterFacts {
  const matrixConfigs = configsOf(info);
  const subgroupSizes = { least: info.subgroupMinSize ?? 1, most: info.subgroupMaxSize ?? 1 };
  const software =
    info.isFallbackAdapter ||
    /swiftshader|llvmpipe|lavapipe/i.test(
      `${info.architecture} ${info.device} ${info.description}`,
    );
  return {
    name: nameOf(info, software),
    vendor: info.vendor,
    architecture: info.architecture,
    driver: info.description,
    software,
    features: [...features].filter((name) => OF_USE.test(name)).sort(),
    matrixConfigs,
    matrix: MATRIX_FEATURES.every((feature) => features.has(feature))
      ? matrixTraitsOf(matrixConfigs, subgroupSizes)
      : undefined,
    subgroupSizes,
    limits: Object.fromEntries(
      LIMITS.map((name) => [name, limits[name]]),
    ) as AdapterFacts['limits'],
  };
}

/**
 * Vulkan's description is the driver's; Dawn has the device's name as `nvidia-h100-80gb-hbm3`. Those
 * that compute in software describe themselves.
 */
function nameOf({ vendor, architecture, device, description }: GPUAdapterInfo, software: boolean) {
  const words = device.replaceAll('-', ' ').trim();
  const isName = !software && /[g-z]/i.test(words.replace(/^0x/, ''));
  return (isName ? words : description) || `${vendor} ${architecture}`.trim();
}
