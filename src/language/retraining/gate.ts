import { metricDirection } from "../metrics/metrics.js";

/** What the version of a retraining must pass to take an alias: `promote` of a policy's spec, `gate` of its runs. */
export interface Gate {
  /** The alias to take. Its version is the champion, the one to compare with. */
  alias: string;
  /** A metric of the model in lower case, or `loss`; measured on the test part. */
  metric: string;
  /** How much worse than the champion the challenger may be, in the metric's unit; default 0. */
  mustNotDropBy: number;
}

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
export function judge(gate: Gate, { champion, challenger }: GateMeasurement): GateVerdict {
  const { metric, mustNotDropBy } = gate;
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
