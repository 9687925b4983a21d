/**
 * Writes an ONNX model as protobuf bytes: just the messages and fields of onnx.proto3 that the
 * lowering needs. Writing only; reading ONNX files is not covered.
 */

/** ONNX's element types, by their numbers in `TensorProto.DataType`. */
export const elementTypes = { f32: 1, i32: 6, i64: 7 } as const;
export type ElementType = keyof typeof elementTypes;

export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly text: string };

export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | BigInt64Array;
}

/** A tensor whose elements are not in the file: `name` says where, for `externalData`. */
export interface OnnxExternalTensor {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

export interface OnnxPort {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly (OnnxTensor | OnnxExternalTensor)[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly opset: number;
}

class Writer {
  readonly #chunks: Uint8Array[] = [];
  #length = 0;

  bytes(field: number, data: Uint8Array): this {
    this.#varint(field * 8 + 2);
    this.#varint(data.length);
    return this.#push(data);
  }

  text(field: number, text: string): this {
    return this.bytes(field, new TextEncoder().encode(text));
  }

  message(field: number, message: Writer): this {
    return this.bytes(field, message.finish());
  }

  int(field: number, value: number): this {
    this.#varint(field * 8);
    this.#varint(value);
    return this;
  }

  float(field: number, value: number): this {
    this.#varint(field * 8 + 5);
    return this.#push(new Uint8Array(Float32Array.of(value).buffer));
  }

  finish(): Uint8Array {
    const result = new Uint8Array(this.#length);
    let offset = 0;
    for (const chunk of this.#chunks) {
      result.set(chunk, offset);
      offset += chunk.length;
    }
    return result;
  }

  #varint(value: number): void {
    // Two's complement over 64 bits, as protobuf writes a negative int64.
    let rest = BigInt.asUintN(64, BigInt(value));
    const bytes: number[] = [];
    do {
      const low = Number(rest & 0x7fn);
      rest >>= 7n;
      bytes.push(rest > 0n ? low | 0x80 : low);
    } while (rest > 0n);
    this.#push(Uint8Array.from(bytes));
  }

  #push(chunk: Uint8Array): this {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this;
  }
}

function encodeAttribute(name: string, attribute: OnnxAttribute): Writer {
  const writer = new Writer().text(1, name);
  if ('int' in attribute) return writer.int(3, attribute.int).int(20, 2);
  if ('float' in attribute) return writer.float(2, attribute.float).int(20, 1);
  if ('text' in attribute) return writer.text(4, attribute.text).int(20, 3);
  for (const value of attribute.ints) writer.int(8, value);
  return writer.int(20, 7);
}

function encodeNode(node: OnnxNode): Writer {
  const writer = new Writer();
  for (const input of node.inputs) writer.text(1, input);
  for (const output of node.outputs) writer.text(2, output);
  writer.text(4, node.operator);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    writer.message(5, encodeAttribute(name, attribute));
  }
  return writer.text(7, node.domain);
}

function encodeTensor(tensor: OnnxTensor | OnnxExternalTensor): Writer {
  const writer = new Writer();
  for (const length of tensor.shape) writer.int(1, length);
  writer.int(2, elementTypes[tensor.type]).text(8, tensor.name);
  if ('data' in tensor) {
    const { buffer, byteOffset, byteLength } = tensor.data;
    return writer.bytes(9, new Uint8Array(buffer, byteOffset, byteLength));
  }
  const entry = (key: string, value: string): Writer => new Writer().text(1, key).text(2, value);
  return writer
    .message(13, entry('location', tensor.name))
    .message(13, entry('length', String(tensor.byteLength)))
    .int(14, 1);
}

function encodePort(port: OnnxPort): Writer {
  const shape = new Writer();
  for (const length of port.shape) shape.message(1, new Writer().int(1, length));
  const tensor = new Writer().int(1, elementTypes[port.type]).message(2, shape);
  return new Writer().text(1, port.name).message(2, new Writer().message(1, tensor));
}

/** The bytes of an ONNX file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = new Writer();
  for (const node of model.nodes) graph.message(1, encodeNode(node));
  graph.text(2, 'glassbox');
  for (const tensor of model.initializers) graph.message(5, encodeTensor(tensor));
  for (const port of model.inputs) graph.message(11, encodePort(port));
  for (const port of model.outputs) graph.message(12, encodePort(port));
  return new Writer()
    .int(1, 10)
    .text(2, 'glassbox')
    .message(7, graph)
    .message(8, new Writer().text(1, '').int(2, model.opset))
    .message(8, new Writer().text(1, 'com.microsoft').int(2, 1))
    .finish();
}
