/**
 * The interop room: models in the files that the ecosystem reads. safetensors in and out, and
 * Hugging Face folders of the Llama family. Later: ONNX, GGUF.
 */
export { openSafetensors, type SafetensorsFile } from './safetensorsFile';
export type { Dtype, TensorEntry, TensorInfo } from './safetensorsHeader';
export { writeSafetensors, type WrittenDtype, type WrittenTensor } from './safetensorsWriter';
export { elementCount, tensorsInMemory, type TensorSource } from './tensorSource';
export { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from './halfFloats';
export { formatModelConfig, parseModelConfig, type SpecialTokens } from './modelConfig';
export { checkParameters, parameterShapes } from './parameters';
export { openModelTensors } from './modelTensors';
export {
  readModelFolder,
  writeModelFiles,
  writeModelFolder,
  type GenerationConfig,
  type ModelFolder,
  type WrittenModel,
} from './modelFolder';
