/** The onnx backend against the suite that every backend passes. */
import { openOnnx } from '../../src/engine/backend/onnx/onnx';
import { conformance } from './conformance';

conformance('onnx', () => openOnnx({ threads: 2 }));
