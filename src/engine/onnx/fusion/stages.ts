import { removeUnused, removeUnusedInputs } from "../passes/remove-unused.js";
import { loopDomain } from "../program/composite.js";
import { elements, type Node, type Program, valueNamed } from "../program/model.js";

/** The name under which a value is handed from one part of a program to another, or to a loop. */
export function handedName(value: string): string {
  return `loop/${value}`;
}

/** What ONNX Runtime computes, then what loops compute from it. */
export interface Stage {
  /** Inputs are those of the whole and values by their own names; such values go out by `handedName`. */
  program: Program;
  loops: Node[];
}

/** A program cut wherever a loop stands between one operation of ONNX Runtime and the next; one stage if none does. */
export function stagesOf(program: Program): Stage[] {
  const placed = placedNodes(program);
  const count = Math.max(0, ...placed.values()) + 1;
  // What a loop computes is there from the next stage on.
  const availableFrom = new Map<string, number>();
  for (const [node, stage] of placed) {
    for (const name of node.outputs) availableFrom.set(name, isLoop(node) ? stage + 1 : stage);
  }
  const looped = new Set([...placed.keys()].filter(isLoop).flatMap(({ outputs }) => outputs));
  // A value that a loop computes lies where others find it already.
  const outputs = program.outputs.filter(({ name, from }) => !(looped.has(from) && name === handedName(from)));
  const last = Math.max(count - 1, ...outputs.map(({ from }) => availableFrom.get(from) ?? 0));

  return Array.from({ length: last + 1 }, (_, stage) => {
    const within = program.nodes.filter((node) => placed.get(node) === stage);
    const nodes = within.filter((node) => !isLoop(node));
    const own = new Set(nodes.flatMap((node) => node.outputs));
    const going = outputs.filter(({ from }) => (availableFrom.get(from) ?? 0) === stage);
    const later = program.nodes.filter((node) => {
      const at = placed.get(node) as number;
      return at > stage || (at === stage && isLoop(node));
    });
    const names = new Set(going.map(({ name }) => name));
    const handed = [...new Set(later.flatMap(({ inputs }) => inputs))]
      .filter((name) => own.has(name) && !names.has(handedName(name)))
      .map((name) => ({ name: handedName(name), from: name }));
    const used = new Set([...nodes.flatMap(({ inputs }) => inputs), ...going.map(({ from }) => from)]);
    const known = [...used].filter((name) => name !== "" && !own.has(name) && !program.constants.has(name));
    const inputs = known.map((name) => valueNamed(program, name));
    const whole = { ...program, inputs, nodes, outputs: [...going, ...handed] };
    return { program: removeUnusedInputs(removeUnused(whole)), loops: within.filter(isLoop) };
  });
}

function isLoop({ domain }: Node): boolean {
  return domain === loopDomain;
}

/**
 * The stage of each node. Loops come as early as they can, and all else as late as saves handing over: what ONNX Runtime
 * puts out is copied.
 */
function placedNodes(program: Program): Map<Node, number> {
  const producers = new Map<string, Node>();
  const users = new Map<string, Node[]>();
  const placed = new Map<Node, number>();
  for (const node of program.nodes) {
    const after = node.inputs.map((name) => {
      const producer = producers.get(name);
      return producer ? (placed.get(producer) as number) + (isLoop(producer) ? 1 : 0) : 0;
    });
    placed.set(node, Math.max(0, ...after));
    for (const name of node.inputs) users.set(name, [...(users.get(name) ?? []), node]);
    for (const name of node.outputs) producers.set(name, node);
  }
  const stageOf = (node: Node) => placed.get(node) as number;
  const going = new Set(program.outputs.map(({ from }) => from));
  /** Whether a value has to be handed over anyway, or lies where every stage finds it. */
  const isFree = (name: string) => {
    const producer = producers.get(name);
    if (!producer || isLoop(producer) || going.has(name)) return true;
    return users.get(name)?.some((user) => isLoop(user) || stageOf(user) > stageOf(producer)) ?? false;
  };
  const sizeOf = (names: readonly string[]) =>
    names.reduce((sum, name) => sum + elements(valueNamed(program, name).shape), 0);
  for (const node of program.nodes.toReversed()) {
    if (isLoop(node) || node.outputs.some((name) => going.has(name))) continue;
    const latest = Math.min(...node.outputs.flatMap((name) => users.get(name) ?? []).map(stageOf));
    if (!(latest > stageOf(node)) || latest === Number.POSITIVE_INFINITY) continue;
    const more = [...new Set(node.inputs)].filter((name) => name !== "" && !isFree(name));
    if (sizeOf(more) <= sizeOf(node.outputs.filter((name) => name !== ""))) placed.set(node, latest);
  }
  return placed;
}
