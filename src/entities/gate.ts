import { gate } from "../language/retraining/gate.js";
import { describedObject } from "./described-object.js";

/** The GraphQL type of a run's gate; its fields are those of the declaration. */
export const GateObject = describedObject("Gate", gate);
