import type { Program } from "../program/model.js";

/** Drops nodes and constants that no output depends on. */
export function removeUnused(program: Program): Program {
  const needed = new Set(program.outputs.map(({ from }) => from));
  const nodes = program.nodes
    .toReversed()
    .filter((node) => {
      if (!node.outputs.some((name) => needed.has(name))) return false;
      for (const input of node.inputs) needed.add(input);
      return true;
    })
    .reverse();
  const kept = new Set([...program.inputs.map(({ name }) => name), ...nodes.flatMap(({ outputs }) => outputs)]);
  return {
    ...program,
    nodes,
    constants: new Map([...program.constants].filter(([name]) => needed.has(name))),
    values: new Map([...program.values].filter(([name]) => needed.has(name) || kept.has(name))),
  };
}

/** Drops inputs that nothing uses. */
export function removeUnusedInputs(program: Program): Program {
  const used = new Set([...program.nodes.flatMap(({ inputs }) => inputs), ...program.outputs.map(({ from }) => from)]);
  return { ...program, inputs: program.inputs.filter(({ name }) => used.has(name)) };
}
