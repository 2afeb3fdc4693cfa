import { type DeclaredFields, type ResolvedFields, struct } from "../fields/field.js";
import { readBy } from "../fields/objects.js";
import { name, number } from "../fields/scalars.js";

/**
 * What the version of a retraining must pass to take an alias: `promote` of a policy, and the `gate` of its runs. GraphQL's
 * input and output types, the stored JSON and the types below all follow from these fields.
 */
export const gate = struct(
  "PromotionInput",
  "When the new version, the challenger, takes an alias from the version it points to, the champion. Both are measured on the same test rows; a metric that is undefined for either of them refuses it.",
  {
    alias: name("alias", "The alias to take, such as `champion`. It also names the version to compare with."),
    metric: readBy<string, string, true>(
      {
        doc: "`loss`, or a metric of the model in lower case, such as `accuracy`.",
        takes: { type: "REFERENCE", to: "METRIC" },
        required: true,
      },
      // Whether the model has it is a question about the model: see `resolveRetraining`.
      (_at, _key, value) => value as string,
    ),
    mustNotDropBy: number({
      ...{ min: 0, default: 0 },
      doc: "How much worse than the champion the challenger may be, in the metric's unit.",
    }),
  },
);
export type GateDeclaration = DeclaredFields<typeof gate.fields>;
export type Gate = ResolvedFields<typeof gate.fields>;
