// What every participant of a cell gets: the resolved model and optimizer, initial weights and batches.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { nets, optimizer } from "./nets.mjs";

export const seed = 7;
/** Different batches, which a participant takes in turn. */
export const batches = 16;

function specOf({ spec, problems }) {
  if (!spec) throw new Error(problems.map(({ path: at, message }) => `${at}: ${message}`).join("\n"));
  return spec;
}

/** The layers with nothing dropped, at any depth. */
function withoutDropout(layers) {
  return layers.map((layer) => {
    const entries = Object.entries(layer).map(([type, options]) => {
      if (type === "dropout") return [type, { ...options, rate: 0 }];
      if (options.layers) return [type, { ...options, layers: withoutDropout(options.layers) }];
      if (options.branches) return [type, { ...options, branches: options.branches.map(withoutDropout) }];
      return [type, options];
    });
    return Object.fromEntries(entries);
  });
}

/**
 * @param library the built engine.
 * @param directory where the weights and batches are written.
 * @returns the work of one cell, twice: as declared, and with nothing dropped, so that losses can be compared.
 */
export function createWorkload(library, directory, net, batch) {
  const { features, model } = nets[net];
  const dataset = specOf(library.resolveDataset({ name: net, features }));
  const resolve = (layers) => specOf(library.resolveModel({ ...model, name: net, dataset: net, layers }, dataset));
  const declared = resolve(model.layers);
  const plain = resolve(withoutDropout(model.layers));
  const rule = specOf(library.resolveOptimizer({ name: "adam", ...optimizer }));

  const file = path.join(directory, `${net}-${batch}.safetensors`);
  const weights = library.initialParameters(declared, seed);
  const tensors = library.modelParameters(declared).map(({ name, shape }) => ({ name, shape, data: weights[name] }));
  const rows = createRows(library, declared, batches * batch);
  tensors.push({ name: "x", shape: [batches, batch, ...declared.inputShape], data: rows.x });
  tensors.push({ name: "y", shape: [batches, batch, declared.target.width], data: rows.y });
  writeFileSync(file, library.encodeSafetensors(tensors));

  const common = { optimizer: rule, tensors: file, batch, batches, seed };
  const drops = JSON.stringify(declared) !== JSON.stringify(plain);
  return { timed: { ...common, model: declared }, checked: { ...common, model: plain }, drops };
}

/** Numbers in [-1, 1) and ids, with a target that can be learned: where a random linear function is largest. */
function createRows({ randomKey, uniform, normal }, model, count) {
  const columns = model.inputs.flatMap(({ width, idsBelow, preprocessing, categories }) =>
    Array(width).fill(idsBelow ?? (preprocessing === "EMBEDDING" ? categories.length : 0)),
  );
  const width = columns.length;
  const outputs = model.target.width;
  const fractions = uniform(randomKey(seed, "x"), count * width);
  const slopes = normal(randomKey(seed, "target"), width * outputs);
  const x = new Float32Array(count * width);
  const y = new Float32Array(count * outputs);
  for (let row = 0; row < count; row++) {
    const scores = new Float64Array(outputs);
    for (let column = 0; column < width; column++) {
      const fraction = fractions[row * width + column];
      const ids = columns[column];
      x[row * width + column] = ids ? Math.floor(fraction * ids) : 2 * fraction - 1;
      for (let output = 0; output < outputs; output++) {
        scores[output] += (fraction - 0.5) * slopes[column * outputs + output];
      }
    }
    if (outputs === 1) y[row] = scores[0] > 0 ? 1 : 0;
    else y[row * outputs + scores.indexOf(Math.max(...scores))] = 1;
  }
  return { x, y };
}
