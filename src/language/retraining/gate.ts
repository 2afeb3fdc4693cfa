import { type DeclaredFields, type ResolvedFields, struct } from "../fields/field.js";
import { readBy } from "../fields/objects.js";
import { name, number } from "../fields/scalars.js";
import { metricDirection } from "../metrics/metrics.js";

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

/** What one version measures on the rows of a gate. */
export interface GateValue {
  value: number;
  /** Why the metric is not defined; null where it is. */
  undefinedReason: string | null;
  /** Whether every prediction is a finite number; if not, the model is broken. */
  sound: boolean;
}

/** Both versions, measured on the same test rows. */
export interface GateMeasurement {
  /** Null where the alias points to no version. `measured` is null where the two cannot be compared. */
  champion: { versionId: string; measured: GateValue | null } | null;
  challenger: GateValue;
}

/** The decision of a gate. */
export interface GateVerdict {
  promoted: boolean;
  /** Why, for people. */
  reason: string;
}

/**
 * Whether the challenger may take the alias. A metric that is undefined for either version compares nothing, so nothing
 * is promoted. A champion whose predictions are not finite numbers is broken: any number beats it.
 */
export function judge({ metric, mustNotDropBy }: Gate, { champion, challenger }: GateMeasurement): GateVerdict {
  const refused = (reason: string) => ({ promoted: false, reason });
  if (challenger.undefinedReason !== null)
    return refused(`the challenger's ${metric} is undefined on the test rows: ${challenger.undefinedReason}`);
  if (!Number.isFinite(challenger.value)) return refused(`challenger's ${metric} is ${challenger.value}`);
  if (!champion) return { promoted: true, reason: `${metric} ${format(challenger.value)}; there was no champion` };
  const { measured } = champion;
  if (measured === null)
    return refused(`the ${metric} of the champion, which was declared differently, cannot be compared`);
  if (measured.undefinedReason !== null && measured.sound)
    return refused(`the champion's ${metric} is undefined on the test rows: ${measured.undefinedReason}`);
  const gain =
    metricDirection(metric) === "MAX" ? challenger.value - measured.value : measured.value - challenger.value;
  // Only a broken champion measures NaN here.
  const promoted = Number.isNaN(measured.value) || gain >= -mustNotDropBy - 1e-9;
  const rule = mustNotDropBy > 0 ? `at most ${format(mustNotDropBy)} worse` : "no worse";
  return {
    promoted,
    reason: `${metric} ${format(challenger.value)} against the champion's ${format(measured.value)} on the same test rows; it must be ${rule}`,
  };
}

const format = (value: number): string => String(Number(value.toPrecision(4)));
