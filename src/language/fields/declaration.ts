import { limits } from "./limits.js";
import { name, text } from "./scalars.js";

/** What every declaration begins with. */
export const declarationFields = {
  name: name("declaration", "Unique among its kind."),
  description: text({ min: 0, max: limits.descriptionLength, default: "", doc: "For people." }),
};
