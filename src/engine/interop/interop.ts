/**
 * The interop room: models in the files that the ecosystem reads. safetensors in and out, and
 * Hugging Face folders of the Llama family. Later: ONNX, GGUF.
 */
export { openSafetensors } from './safetensorsFile';
export { writeSafetensors, type WrittenTensor } from './safetensorsWriter';
export { tensorsInMemory, type TensorSource } from './tensorSource';
export { bf16ToF32, f16ToF32, f32ToBf16, f32ToF16 } from './halfFloats';
export { parseModelConfig, type SpecialTokens } from './modelConfig';
export { exportModel } from './exportModel';
export { summarizeModel, type ModelSummary } from './modelSummary';
export { WEIGHT_FILE } from './modelTensors';
export { adapterOf, parameterShapes } from './parameters';
export { readAdapter, withoutAdapters, writeAdapter } from './adapters';
export {
  readChatTemplate,
  readModelConfig,
  readModelFolder,
  writeModelFiles,
  writeModelFolder,
  type GenerationConfig,
  type ModelFolder,
} from './modelFolder';
