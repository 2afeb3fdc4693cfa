import { createHash } from "node:crypto";
import {
  type Attribute,
  type Constant,
  type DataType,
  elements,
  type Node,
  type Program,
  type Value,
} from "./model.js";

/** What a node computes: shape and type of its result. */
export type Result = Pick<Value, "shape" | "type">;

/** Thrown by a recorder; says what it is about as the rest of a sentence. */
export class TooManyNodes extends Error {
  constructor(most: number) {
    super(`takes the step beyond ${most.toLocaleString("en-US")} operations`);
  }
}

/** Writes a program down node by node. Equal constants are kept once. */
export class Recorder {
  readonly program: Program;
  private readonly interned = new Map<string, Constant>();
  private readonly labels = new Map<string, string>();
  /** Values that a layer computed itself; gradients, which come later, belong to the layer of such a value they use. */
  private readonly direct = new Set<string>();
  private readonly producers = new Map<string, Node>();
  private count = 0;

  /**
   * @param label the layer at work, asked whenever a node is added.
   * @param most how many nodes there may be.
   */
  constructor(
    name: string,
    private readonly label: () => string | undefined = () => undefined,
    private readonly most = Number.POSITIVE_INFINITY,
  ) {
    this.program = { name, inputs: [], outputs: [], nodes: [], values: new Map(), constants: new Map() };
  }

  input(name: string, shape: readonly number[], type: DataType): Value {
    const value = this.declare({ name, shape: [...shape], type });
    this.program.inputs.push(value);
    return value;
  }

  output(name: string, from: Value): void {
    this.program.outputs.push({ name, from: from.name });
  }

  /** Adds a node with one result; an input may be left out with `undefined`. */
  node(
    op: string,
    inputs: readonly (Value | undefined)[],
    result: Result,
    attributes: Record<string, Attribute> = {},
  ): Value {
    return this.nodes(op, inputs, [result], attributes)[0] as Value;
  }

  /** Adds a node with several results. @throws TooManyNodes */
  nodes(
    op: string,
    inputs: readonly (Value | undefined)[],
    results: readonly Result[],
    attributes: Record<string, Attribute> = {},
    domain?: string,
  ): Value[] {
    if (this.program.nodes.length >= this.most) throw new TooManyNodes(this.most);
    const current = this.label();
    const label = current ?? this.inherited(inputs);
    const outputs = results.map(({ shape, type }) =>
      this.declare({ name: `_${this.count++}`, shape: [...shape], type }),
    );
    for (const { name } of outputs) {
      if (label) this.labels.set(name, label);
      if (current) this.direct.add(name);
    }
    const node: Node = {
      op,
      inputs: inputs.map((input) => input?.name ?? ""),
      outputs: outputs.map(({ name }) => name),
      attributes,
    };
    if (label) node.label = label;
    if (domain) node.domain = domain;
    this.program.nodes.push(node);
    for (const { name } of outputs) this.producers.set(name, node);
    return outputs;
  }

  /** The node that computes `value`; none for inputs and constants. */
  producer(value: Value): Node | undefined {
    return this.producers.get(value.name);
  }

  /** The numbers of `value` where they are known. */
  known(value: Value | undefined): Constant | undefined {
    return value && this.program.constants.get(value.name);
  }

  private inherited(inputs: readonly (Value | undefined)[]): string | undefined {
    const labelled = inputs.filter((input) => input && this.labels.has(input.name)) as Value[];
    const nearest = labelled.find(({ name }) => this.direct.has(name)) ?? labelled[0];
    return nearest && this.labels.get(nearest.name);
  }

  /** The layer that `value` comes from, so that what a gradient computes later is known to belong to it. */
  labelOf(value: Value): string | undefined {
    return this.labels.get(value.name);
  }

  constant(data: Constant["data"], shape: readonly number[], type: DataType): Constant {
    const key = `${type} ${shape.join()} ${digest(data)}`;
    const known = this.interned.get(key);
    if (known) return known;
    const constant: Constant = { name: `_c${this.interned.size}`, shape: [...shape], type, data };
    this.interned.set(key, constant);
    this.program.constants.set(constant.name, constant);
    this.declare(constant);
    return constant;
  }

  /** A scalar of that type. */
  scalar(value: number, type: "float32" | "int32" = "float32"): Constant {
    return this.constant(type === "int32" ? Int32Array.of(value) : Float32Array.of(value), [], type);
  }

  /** A tensor of the same number everywhere. */
  filled(value: number, shape: readonly number[], type: "float32" | "int32" = "float32"): Constant {
    const size = elements(shape);
    const data = type === "int32" ? new Int32Array(size) : new Float32Array(size);
    return this.constant(data.fill(value), shape, type);
  }

  /** A list of 64-bit integers, as ONNX wants shapes, axes, pads and positions. */
  int64(values: readonly number[]): Constant {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length], "int64");
  }

  private declare<V extends Value>(value: V): V {
    if (this.program.values.has(value.name)) throw new Error(`There are two values named "${value.name}".`);
    this.program.values.set(value.name, value);
    return value;
  }
}

/** Every rewrite of a program interns its constants again. */
const digests = new WeakMap<Constant["data"], string>();

function digest(data: Constant["data"]): string {
  const known = digests.get(data) ?? digestOf(data);
  digests.set(data, known);
  return known;
}

function digestOf(data: Constant["data"]): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return bytes.length <= 64 ? Buffer.from(bytes).toString("hex") : createHash("sha256").update(bytes).digest("hex");
}
