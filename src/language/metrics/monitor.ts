import { choices } from "../fields/choices.js";
import { choice, reference } from "../fields/scalars.js";

/** Which way a monitored metric gets better. */
export const monitorModes = choices("MonitorMode", "Which way a monitored metric gets better.", {
  MIN: "Smaller is better, as for losses and errors.",
  MAX: "Larger is better, as for accuracy.",
});

/** The fields of what watches a metric from epoch to epoch. Which metrics there are is known when a training is declared. */
export const monitored = {
  monitor: reference("METRIC", {
    doc: "A metric measured per epoch: `epoch_loss`, `val_loss`, or one of the model's in lower case, with or without `val_`.",
    otherwise: "`val_loss`, or `epoch_loss` where there are no validation rows",
  }),
  mode: choice(monitorModes, { doc: "Which way it gets better.", otherwise: "what the metric implies" }),
};
