import type { FittedPreprocessing } from "../../../features/preprocessing.js";
import { categoriesOfTarget } from "../../../language/datasets/feature-types.js";
import type { ModelSpec } from "../../../language/models/model.js";
import { takesMissing } from "../../../language/preprocessing/missing.js";
import type { Placement, Vectorization } from "../../../language/preprocessing/preprocessing.js";
import { checkTensors, type State } from "../../graphs/executor.js";
import { calibrated } from "../../networks/calibrated.js";
import { predictionGraph } from "../../networks/inference-graphs.js";
import { chain } from "../program/chain.js";
import { type DataType, type Dimension, type Program, valueNamed } from "../program/model.js";
import { serialize } from "../program/serialize.js";
import { type Answer, answerNames, answers } from "./answers.js";
import { withConstants } from "./export-model.js";
import { rawForms, rawShape } from "./forms.js";
import { featureOf, rawInputs } from "./raw-inputs.js";
import { traceSymbolic } from "./symbolic.js";

/** What a version is made of, as far as answers depend on it. */
export interface ExportedVersion {
  model: ModelSpec;
  /** The model's parameters by name; see `splitState`. */
  parameters: State;
  preprocessing: FittedPreprocessing;
}

/** Under which name the file's metadata holds its `Signature`, as JSON. */
export const signatureKey = "perennial.signature";

/** What goes into an exported file and what comes out of it. */
export interface Signature {
  format: 1;
  /**
   * The inputs, each named by its feature, or by `input/` and its feature where that would be the name of something else
   * in the file: then `feature` is there too. `nullable`: a value may be missing. `categories`: the texts that the model knows. `vectorization`: how a text
   * becomes the tokens or ids that go in. `placement`: how elements are brought to `maxLength`.
   */
  inputs: {
    name: string;
    feature?: string;
    type: string;
    elementType: DataType;
    shape: Dimension[];
    nullable?: true;
    categories?: string[];
    vectorization?: Vectorization;
    placement?: Placement;
  }[];
  /** `answer`: what it is. `categories`: of `probabilities`, in the order of the columns; of `label`, the possible texts. `quantiles`: of the columns. */
  outputs: {
    name: string;
    answer: Answer;
    elementType: DataType;
    shape: Dimension[];
    categories?: string[];
    quantiles?: number[];
  }[];
}

const batch = "batch";

/**
 * A trained model as an ONNX file that takes raw rows and answers in the target's own terms, any number of rows at a
 * time: preprocessing, network and weights in one. For any runtime that has ONNX's operators, those of `ai.onnx.ml`
 * included where there are categories; all is described in the file's metadata, under `signatureKey`.
 *
 * Inputs, one per feature, named by it (see `Signature`): float64 [batch, 1] for NUMBER, float64 [batch, ...shape] for VECTOR, float32
 * [batch, ...shape] for IMAGE (pixels, not files), float32 [batch, 1] for BINARY (0 or 1), string [batch, 1] for CATEGORY,
 * float64 [batch, 1] for TIMESTAMP: seconds since 1970 in UTC.
 *
 * What has any count of elements goes in with `maxLength` of them a row, cut and padded as the description's `placement`
 * says, or with any count, the same for all rows, where they are counted: for TEXT its tokens as string [batch, length],
 * "" being padding, split as `vectorization` says, or where they are hashed int64 [batch, length], 1 + the bin of each (FNV-1a
 * of 32 bits over UTF-8, modulo the bins) and 0 for padding; for LABELS and a SEQUENCE of categories string [batch, length], ""
 * being padding; for one of numbers float64 [batch, length] or [batch, length, width], NaN being padding. ONNX has
 * no operator that takes texts apart row by row.
 *
 * A temperature of the version is in the weights of the output layer, and its threshold decides the label.
 *
 * A missing value is NaN among numbers, or "" for a category; a missing text or sequence is an empty one.
 *
 * Outputs: `probabilities` float32 [batch, categories] and `label` string [batch] for a CATEGORY; `probabilities`
 * [batch, 2], of false and true, and `label` bool [batch] for BINARY; `probabilities` and `labels` bool [batch, labels] for LABELS; `value` float64 [batch, width] for NUMBER and
 * VECTOR, and `quantiles` float64 [batch, quantiles] where the loss is PINBALL. An output is named `output/<name>` where a feature has its name.
 *
 * A graph can refuse nothing: a row with a category that the model does not know has NaN for all numbers and "" for a
 * label, and one so large that the network overflows likewise has what came out of it.
 *
 * @throws PlatformError BAD_INPUT when parameters or preprocessing do not fit the model; UNSUPPORTED when the model
 * cannot be compiled for any number of rows, see `traceSymbolic`.
 */
export function exportVersion({ model, parameters, preprocessing }: ExportedVersion): Uint8Array {
  const graphAt = (rows: number) => predictionGraph(model, rows);
  checkTensors(graphAt(1).state, parameters, true);
  const answering = calibrated(model, parameters, preprocessing.decision?.temperature);
  const features = new Set(model.inputs.map(({ feature }) => feature));
  const inputNames = namesOfInputs(features, new Set(Object.keys(parameters)));
  const before = rawInputs(model, preprocessing);
  const hasUnknown = before.outputs.some(({ name }) => name === "unknown");
  const after = answers(model, preprocessing, hasUnknown, (answer) => nameOf(answer, features));
  const network = { ...withConstants(traceSymbolic(graphAt).program, answering), name: "network" };
  const program = chain("prediction", [before, network, after], new Set(Object.keys(parameters)), (name) =>
    inputNames(featureOf(name)),
  );
  const signature = signatureOf(model, program, features, inputNames);
  const shapes = new Map([...signature.inputs, ...signature.outputs].map(({ name, shape }) => [name, shape]));
  return serialize(program, {
    shapeOf: (name) => shapes.get(name),
    metadata: { [signatureKey]: JSON.stringify(signature) },
  });
}

function nameOf(answer: Answer, features: ReadonlySet<string>): string {
  return apartFrom((name) => features.has(name), "output/", answer);
}

/** Parameters keep their names in the file, and the names of all that `chain` adds begin with a slash. */
function namesOfInputs(features: ReadonlySet<string>, parameters: ReadonlySet<string>): (feature: string) => string {
  const isTaken = (name: string) => name.startsWith("/") || parameters.has(name);
  return (feature) => {
    if (!isTaken(feature)) return feature;
    return apartFrom((name) => features.has(name) || isTaken(name), "input/", feature);
  };
}

/** The name with as many prefixes as it takes to be none of others. */
function apartFrom(isTaken: (name: string) => boolean, prefix: string, name: string): string {
  let free = name;
  while (isTaken(free)) free = `${prefix}${free}`;
  return free;
}

function signatureOf(
  model: ModelSpec,
  program: Program,
  features: ReadonlySet<string>,
  inputNames: (feature: string) => string,
): Signature {
  const { target } = model;
  const categories = categoriesOfTarget(target);
  const known = answerNames.map((answer) => [nameOf(answer, features), answer]);
  const answerNamed = new Map(known as [string, Answer][]);
  return {
    format: 1,
    inputs: model.inputs.map((input) => ({
      name: inputNames(input.feature),
      ...(inputNames(input.feature) !== input.feature && { feature: input.feature }),
      type: input.type,
      elementType: rawForms[input.type].elementType(input),
      shape: rawShape(input),
      ...(takesMissing(input) && { nullable: true as const }),
      ...(input.categories.length > 0 && { categories: input.categories }),
      ...(input.vectorization && { vectorization: input.vectorization }),
      ...(input.placement && { placement: input.placement }),
    })),
    outputs: program.outputs.map(({ name, from }) => {
      const { type, shape } = valueNamed(program, from);
      const answer = answerNamed.get(name) as Answer;
      return {
        ...{ name, answer, elementType: type, shape: [batch, ...shape.slice(1)] },
        ...(categories && { categories: [...categories] }),
        ...(answer === "quantiles" && { quantiles: target.quantiles }),
      };
    }),
  };
}
