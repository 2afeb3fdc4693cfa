import { limits } from "./limits.js";
import { integer, name, text } from "./scalars.js";

/** What every declaration begins with. */
export const declarationFields = {
  name: name("declaration", "Unique among its kind."),
  description: text({ min: 0, max: limits.descriptionLength, default: "", doc: "For people." }),
};

/** What decides random numbers. */
export const seed = (doc: string) => integer({ min: 0, default: 0, doc });
