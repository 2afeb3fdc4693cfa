import type { Attribute, Constant, DataType, Dimension, Node, Program } from "./model.js";
import { Message } from "./protobuf.js";

/**
 * Field and enum numbers are those of `onnx.proto`; a comment names each message's fields in the order written.
 * https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 */
const irVersion = 10;
/** The version of ONNX's operator set that every node of a program is meant in. */
const operatorSet = 20;
const dataTypes: Record<DataType, number> = { float32: 1, int32: 6, int64: 7, string: 8, bool: 9, float64: 11 };
/** Versions of other domains' operator sets, where they are not 1. */
const domainVersions: Readonly<Record<string, number>> = { "ai.onnx.ml": 3 };

export interface SerializeOptions {
  /** The shape of an input or output where it is not the program's own, such as with a symbolic batch dimension. */
  shapeOf?(name: string): readonly Dimension[] | undefined;
  /** Texts that the file carries along (its `metadata_props`), by name. */
  metadata?: Readonly<Record<string, string>>;
  /** The name of one more output, which comes before all others: an empty sequence. */
  sequence?: string;
}

/** The program as the bytes of an ONNX model file (ModelProto). The same program gives the same bytes. */
export function serialize(program: Program, options: SerializeOptions = {}): Uint8Array {
  const nodes = withOutputsNamed(program);
  // GraphProto: node, name, initializer, input, output.
  const graph = new Message();
  const { sequence } = options;
  if (sequence)
    graph.message(
      1,
      nodeMessage({ name: sequence, op: "SequenceEmpty", inputs: [], outputs: [sequence], attributes: {} }),
    );
  for (const node of nodes) graph.message(1, nodeMessage(node));
  graph.string(2, program.name);
  for (const constant of program.constants.values()) graph.message(5, tensorMessage(constant));
  for (const { name, type, shape } of program.inputs) {
    graph.message(11, valueMessage(name, type, options.shapeOf?.(name) ?? shape));
  }
  if (sequence) graph.message(12, sequenceMessage(sequence));
  for (const { name, from } of program.outputs) {
    const value = program.values.get(from);
    if (!value) throw new Error(`The output "${name}" comes from "${from}", which does not exist.`);
    graph.message(12, valueMessage(name, value.type, options.shapeOf?.(name) ?? value.shape));
  }
  // ModelProto: ir_version, producer_name, graph, opset_import, metadata_props (StringStringEntryProto: key, value).
  const model = new Message().int(1, irVersion).string(2, "perennial").message(7, graph);
  model.message(8, new Message().string(1, "").int(2, operatorSet));
  for (const domain of new Set(nodes.map((node) => node.domain ?? ""))) {
    if (domain !== "") model.message(8, new Message().string(1, domain).int(2, domainVersions[domain] ?? 1));
  }
  for (const [key, value] of Object.entries(options.metadata ?? {})) {
    model.message(14, new Message().string(1, key).string(2, value));
  }
  return model.finish();
}

/** What a node is called in the file, by which ONNX Runtime's options and messages know it: the layer, and its own first value. */
export function nodeName({ label, outputs }: Node): string {
  return label ? `${label}/${outputs[0]}` : `${outputs[0]}`;
}

interface NamedNode extends Node {
  name: string;
}

/**
 * ONNX knows an output by the name of the value. A value that a node computes takes the output's name; one that goes out
 * twice, or that nothing computes, needs a node of its own.
 */
function withOutputsNamed({ nodes, outputs }: Program): NamedNode[] {
  const computed = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const copies: Node[] = [];
  for (const { name, from } of outputs) {
    if (computed.has(from) && !renamed.has(from)) renamed.set(from, name);
    else copies.push({ op: "Identity", inputs: [from], outputs: [name], attributes: {} });
  }
  const rename = (name: string) => renamed.get(name) ?? name;
  return [...nodes, ...copies].map((node) => ({
    ...node,
    name: nodeName(node),
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

/** NodeProto: input, output, name, op_type, attribute, domain. */
function nodeMessage(node: NamedNode): Message {
  const message = new Message();
  for (const input of node.inputs) message.string(1, input);
  for (const output of node.outputs) message.string(2, output);
  message.string(3, node.name);
  message.string(4, node.op);
  for (const [name, attribute] of Object.entries(node.attributes))
    message.message(5, attributeMessage(name, attribute));
  if (node.domain) message.string(7, node.domain);
  return message;
}

/** AttributeProto: name, then the value in the field of its type, then that type. */
function attributeMessage(name: string, attribute: Attribute): Message {
  const message = new Message().string(1, name);
  if (typeof attribute === "number") return message.int(3, attribute).int(20, 2);
  if (typeof attribute === "string") return message.bytes(4, Buffer.from(attribute, "utf8")).int(20, 3);
  if (!Array.isArray(attribute)) return message.float(2, attribute.float).int(20, 1);
  const texts = typeof attribute[0] === "string";
  for (const value of attribute) {
    if (typeof value === "string") message.bytes(9, Buffer.from(value, "utf8"));
    else message.int(8, value);
  }
  return message.int(20, texts ? 8 : 7);
}

/** TensorProto: dims, data_type, name, raw_data (little-endian, as every platform of Node is). */
function tensorMessage({ name, shape, type, data }: Constant): Message {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Message().ints(1, shape).int(2, dataTypes[type]).string(8, name).bytes(9, raw);
}

/** ValueInfoProto: name, type; TypeProto.Tensor: elem_type, shape; Dimension: dim_value or dim_param. */
function valueMessage(name: string, type: DataType, shape: readonly Dimension[]): Message {
  const dimensions = new Message();
  for (const size of shape) {
    const dimension = new Message();
    dimensions.message(1, typeof size === "number" ? dimension.int(1, size) : dimension.string(2, size));
  }
  const tensor = new Message().int(1, dataTypes[type]).message(2, dimensions);
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}

/** ValueInfoProto: name, type; TypeProto.Sequence: elem_type, of which TypeProto.Tensor: elem_type. */
function sequenceMessage(name: string): Message {
  const tensor = new Message().message(1, new Message().int(1, dataTypes.float32));
  return new Message().string(1, name).message(2, new Message().message(4, new Message().message(1, tensor)));
}
