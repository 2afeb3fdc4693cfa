/** The types of features that can be predicted. */
export const targetTypes = ["NUMBER", "BINARY", "CATEGORY", "VECTOR"] as const;
export type TargetType = (typeof targetTypes)[number];

/** What the output layer does, and how the target is scaled for the loss. */
export interface OutputForm {
  activation: "LINEAR" | "SIGMOID" | "SOFTMAX" | "EXPONENTIAL";
  scaling: "Z_SCORE" | "NONE";
}

/** What a target's type asks of the output layer, where the loss asks for nothing else. */
export const targetForms: Readonly<Record<TargetType, OutputForm>> = {
  CATEGORY: { activation: "SOFTMAX", scaling: "NONE" },
  BINARY: { activation: "SIGMOID", scaling: "NONE" },
  NUMBER: { activation: "LINEAR", scaling: "Z_SCORE" },
  VECTOR: { activation: "LINEAR", scaling: "Z_SCORE" },
};
