import type { SplitPart } from "../datasets/dataset.js";
import { readFields } from "../fields/field.js";
import { Findings } from "../fields/findings.js";
import type { Resolution } from "../fields/problem.js";
import { count } from "../fields/wording.js";
import { type Answering, foundOnValidation } from "../models/decision.js";
import type { ModelSpec } from "../models/model.js";
import type { Schedule } from "../schedules/schedules.js";
import { resolveCheckpoint } from "./checkpoint.js";
import { checkMonitor, resolveEarlyStopping } from "./early-stopping.js";
import { checkStored } from "./stored-by-training.js";
import {
  batchSizeFor,
  currentSemantics,
  executionFields,
  lengthFields,
  orderFields,
  type TrainingDeclaration,
  type TrainingSpec,
} from "./training.js";

/**
 * A training with its defaults.
 *
 * @param model without `layers`, the bytes that its checkpoints take are not judged
 * @param counts rows in each part of the dataset version to train on; without training rows `datasetVersion` is at fault
 * @param schedule the optimizer's learning rate: what it monitors must be measured, else `optimizer` is at fault
 */
export function resolveTraining(
  declaration: TrainingDeclaration,
  model: Pick<ModelSpec, "metrics"> & Partial<Pick<ModelSpec, "layers">> & Answering,
  counts: Readonly<Record<SplitPart, number>>,
  schedule?: Schedule,
): Resolution<TrainingSpec> {
  const findings = Findings.start();
  const measured = { model, counts };
  if (schedule?.type === "reduceOnPlateau" && schedule.monitor !== null)
    checkMonitor(findings, "optimizer", schedule.monitor, measured, "what its learning rate monitors ");
  if (counts.train === 0) {
    findings.add("SPLIT_EMPTY", "the training part of this dataset version holds no rows.", "datasetVersion");
  }
  const found = foundOnValidation(model);
  if (found !== undefined && counts.validation === 0) {
    const message = `its ${found} found on validation rows, and this dataset version has none.`;
    findings.add("SPLIT_EMPTY", message, "model");
  }
  const { epochs, batchSize: declaredSize } = readFields(findings, lengthFields, declaration);
  if (declaredSize !== null && counts.train > 0 && declaredSize > counts.train) {
    const message = `must be at most the ${count(counts.train)} training rows of this dataset version, got ${count(declaredSize)}.`;
    findings.add("BATCH_TOO_LARGE", message, "batchSize");
  }
  const batchSize = declaredSize ?? batchSizeFor(counts.train);
  const storing = resolveCheckpoint(findings, declaration.checkpoint);
  const length = { epochs, stepsPerEpoch: Math.ceil(counts.train / batchSize), hasValidation: counts.validation > 0 };
  checkStored(findings, storing, length, model);
  return findings.resolution({
    ...{ epochs, batchSize },
    ...readFields(findings, orderFields, declaration),
    earlyStopping: resolveEarlyStopping(findings, declaration.earlyStopping, measured),
    ...storing,
    ...readFields(findings, executionFields, declaration),
    replay: null,
    semantics: currentSemantics,
  });
}
