import { parseVersionRef } from "../../language/fields/names.js";
import { badInput } from "../../lists/condition.js";

/**
 * Checks that an argument can be a reference to a version at all, so that the fault names the argument.
 *
 * @throws PlatformError BAD_INPUT
 */
export function checkVersionReference(argument: string, text: string): void {
  const parsed = parseVersionRef(text);
  if ("problem" in parsed) throw badInput(argument, parsed.problem);
}
