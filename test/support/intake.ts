import { createIntake, type Intake } from "../../src/intake/intake.js";
import type { IntakeLimits } from "../../src/intake/limits.js";

/** An intake whose threads run the built code: a thread cannot load TypeScript. */
export function testIntake(limits: Partial<IntakeLimits> = {}): Intake {
  return createIntake({ limits, threadUrl: new URL("../../dist/intake/thread.js", import.meta.url) });
}
