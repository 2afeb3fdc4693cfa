import { scheduleUnion } from "../../language/schedules/schedules.js";
import { oneOfInput } from "./derive.js";

export const LearningRateInput = oneOfInput(scheduleUnion);
