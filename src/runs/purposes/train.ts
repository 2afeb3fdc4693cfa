import { registerVersion } from "../../registry/versions.js";
import type { Purpose } from "./purpose.js";

/** A training that a user asked for, from scratch or from the weights of a version: its result is the model's next version. */
export const train: Purpose = {
  column: null,

  async assign() {
    return { gate: null, storesArtifacts: true };
  },

  async settle(manager, run, { version }) {
    const { ref } = await registerVersion(manager, run, version);
    return `registered ${ref}`;
  },
};
