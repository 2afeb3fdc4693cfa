import { type DeclaredFields, struct } from "../../language/fields/field.js";
import { reference } from "../../language/fields/scalars.js";
import { trainStruct } from "../../language/training/training.js";
import { type Input, mutationInput } from "./fields.js";

export const TrainInput = mutationInput(trainStruct);
export type TrainInput = Input<DeclaredFields<typeof trainStruct.fields>>;

const ofRun = (name: string, doc: string, runId = "The run's id.") =>
  mutationInput(struct(name, doc, { runId: reference("RUN", { doc: runId }) }));
type OfRun = Input<{ runId: string }>;

export const CancelRunInput = ofRun("CancelRunInput", "Stops a run.");
export type CancelRunInput = OfRun;
export const PauseRunInput = ofRun("PauseRunInput", "Holds a run back.");
export type PauseRunInput = OfRun;
export const ResumeRunInput = ofRun("ResumeRunInput", "Lets a paused run go on.");
export type ResumeRunInput = OfRun;
export const RetryRunInput = ofRun(
  "RetryRunInput",
  "Runs a failed or canceled run again.",
  "The id of the run that FAILED or was CANCELED.",
);
export type RetryRunInput = OfRun;
