import { declarationFields, seed } from "../fields/declaration.js";
import { type DeclaredFields, type ResolvedFields, struct, type Union } from "../fields/field.js";
import { limits } from "../fields/limits.js";
import { type DeclaredUnion, objectOrEmpty } from "../fields/objects.js";
import { described, flag, integer, name, number, reference } from "../fields/scalars.js";
import { type Gate, type GateDeclaration, gate } from "./gate.js";
import { type Trigger, type TriggerDeclaration, triggerUnion } from "./triggers.js";

const replayed = 0.5;
const replay = struct("ReplayInput", "Mixes older rows into every batch, so that the model does not forget them.", {
  fraction: number({
    min: 0,
    below: 1,
    default: replayed,
    doc: "Share of each training batch drawn from rows older than the new ones.",
  }),
});

const fineTune = struct("FineTuneInput", "Training that starts from the weights of a version.", {
  from: name("alias", "The alias whose version is the start, such as `champion`."),
  epochs: integer({
    min: 1,
    max: limits.epochs,
    doc: "Passes over the new rows. Over all rows where none is new, or where old ones are replayed and a batch is one row.",
  }),
  batchSize: integer({
    min: 1,
    otherwise: "as in the run that trained the version",
    doc: "Rows per optimizer step.",
  }),
  seed: seed("Decides order and dropout."),
  replay: objectOrEmpty(replay, {
    doc: "How many old rows are replayed.",
    otherwise: `a share of ${replayed} of each batch`,
  }),
});

export const methodUnion = {
  name: "RetrainingMethodInput",
  doc: "How a policy trains: exactly one of these.",
  alternatives: { fineTune: { doc: "Starts from the weights of a version.", input: fineTune } },
} satisfies Union;

export const enabling = { enabled: flag({ default: true, doc: "Whether its trigger is watched." }) };

export const retrainingStruct = struct(
  "DeclareRetrainingInput",
  "Declares a policy that keeps a model fresh as rows arrive.",
  {
    ...declarationFields,
    ...enabling,
    model: reference("MODEL", { doc: "Name of the model." }),
    optimizer: reference("OPTIMIZER", {
      doc: "Name of the optimizer that trains. Its newest revision at that time is used.",
    }),
    when: described<TriggerDeclaration>(
      { type: "ONE_OF", union: () => triggerUnion },
      { doc: "What starts a training." },
    ),
    train: described<DeclaredUnion<typeof methodUnion.alternatives>>(
      { type: "ONE_OF", union: () => methodUnion },
      { doc: "How it trains." },
    ),
    promote: described<GateDeclaration>(
      { type: "OBJECT", struct: () => gate },
      { doc: "When the result takes the alias." },
    ),
  },
);

/** A policy that keeps a model fresh: when to train again, how, and when the result may take the alias. */
export type RetrainingDeclaration = DeclaredFields<typeof retrainingStruct.fields>;

export interface RetrainingSpec {
  model: string;
  optimizer: string;
  when: Trigger;
  fineTune: ResolvedFields<typeof fineTune.fields>;
  promote: Gate;
}
