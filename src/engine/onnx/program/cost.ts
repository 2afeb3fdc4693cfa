import { type DataType, elements, type Node, type Program, type Value, valueNamed } from "./model.js";

/** Operations that only move numbers, or only look at a tensor's shape. */
const moving: ReadonlySet<string> = new Set(
  ["Reshape", "Transpose", "Identity", "Cast", "Slice", "Split", "Concat", "Expand", "Tile", "Pad", "Shape"].concat([
    "Gather",
    "GatherND",
    "ScatterND",
    "ScatterElements",
    "MaxUnpool",
    "DepthToSpace",
    "Resize",
  ]),
);

/** Operations whose result is their operand's memory, seen in another shape. */
const viewing: ReadonlySet<string> = new Set(["Reshape", "Identity"]);

const bytesPerElement: Record<DataType, number> = { float32: 4, float64: 8, int32: 4, int64: 8, bool: 1, string: 8 };

function bytesOf({ shape, type }: Value): number {
  return elements(shape) * bytesPerElement[type];
}

/**
 * Floating-point operations of a program by the layer that causes them; "" for what no layer causes, such as the loss and
 * the update. A multiplication and the addition that follows it are two, a function of an element is one, and moving
 * numbers is none.
 */
export function operationsByLayer(program: Program): Map<string, number> {
  const counts = new Map<string, number>();
  for (const node of program.nodes) {
    const layer = node.label ?? "";
    counts.set(layer, (counts.get(layer) ?? 0) + operationsOf(program, node));
  }
  return counts;
}

function operationsOf(program: Program, { op, inputs, outputs, attributes }: Node): number {
  const shapeOf = (name: string | undefined) => (name ? valueNamed(program, name).shape : []);
  const given = shapeOf(inputs[0]);
  const made = elements(shapeOf(outputs[0]));
  const [, ...filter] = shapeOf(inputs[1]);
  if (moving.has(op)) return 0;
  if (op.startsWith("Reduce")) return elements(given);
  switch (op) {
    case "MatMul":
      return 2 * made * (given.at(-1) ?? 1);
    case "Gemm":
      return 2 * made * (given[attributes.transA === 1 ? 0 : 1] ?? 1);
    case "Conv":
      return 2 * made * elements(filter);
    case "ConvTranspose":
      return 2 * elements(given) * elements(filter);
    case "MaxPool":
    case "AveragePool":
      return made * elements((attributes.kernel_shape as number[] | undefined) ?? []);
    default:
      return made;
  }
}

/** What the results of all nodes take by the layer that causes them, in bytes. */
export function bytesByLayer(program: Program): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const { op, label = "", outputs } of program.nodes) {
    if (viewing.has(op)) continue;
    const made = outputs.reduce((sum, name) => sum + (name === "" ? 0 : bytesOf(valueNamed(program, name))), 0);
    bytes.set(label, (bytes.get(label) ?? 0) + made);
  }
  return bytes;
}

/** The most that the results of nodes take at one time, when each is let go after its last use; in bytes. */
export function peakBytes(program: Program): number {
  const owners = new Map<string, string>();
  const ownerOf = (name: string): string => owners.get(name) ?? name;
  for (const { op, inputs, outputs } of program.nodes) {
    if (viewing.has(op)) owners.set(outputs[0] as string, ownerOf(inputs[0] as string));
  }
  const lastUse = new Map<string, number>();
  for (const [index, { inputs }] of program.nodes.entries()) {
    for (const name of inputs) lastUse.set(ownerOf(name), index);
  }
  for (const { from } of program.outputs) lastUse.set(ownerOf(from), program.nodes.length);

  const live = new Map<string, number>();
  let held = 0;
  let peak = 0;
  for (const [index, { outputs, inputs }] of program.nodes.entries()) {
    for (const name of outputs) {
      if (name === "" || owners.has(name)) continue;
      live.set(name, bytesOf(valueNamed(program, name)));
      held += live.get(name) ?? 0;
    }
    peak = Math.max(peak, held);
    for (const name of new Set([...inputs, ...outputs].map(ownerOf))) {
      if ((lastUse.get(name) ?? -1) > index) continue;
      held -= live.get(name) ?? 0;
      live.delete(name);
    }
  }
  return peak;
}

/** What inputs and constants of a program take, in bytes. */
export function givenBytes(program: Program): number {
  return [...program.inputs, ...program.constants.values()].reduce((sum, value) => sum + bytesOf(value), 0);
}
