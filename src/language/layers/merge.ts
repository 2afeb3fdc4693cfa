import { type ChoiceOf, choices } from "../fields/choices.js";

export const mergeChoices = choices(
  "Merge",
  "How the outputs of several layers become one. All but CONCATENATE need equal shapes.",
  {
    ADD: "Their sum.",
    CONCATENATE: "One after the other along an axis.",
    AVERAGE: "Their mean.",
    MAXIMUM: "The larger of each two numbers.",
    MULTIPLY: "Their product.",
  },
);
export type Merge = ChoiceOf<typeof mergeChoices>;
