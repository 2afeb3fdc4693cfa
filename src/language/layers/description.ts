import type { DeclaredFields, Fields, ResolvedFields, Struct } from "../fields/field.js";
import type { Findings } from "../fields/findings.js";
import { readBy } from "../fields/objects.js";
import { shownShape } from "../fields/wording.js";
import type { Parameter } from "./parameter.js";

/** Without the batch dimension. Undefined where an earlier problem leaves it unknown; what depends on it is not checked. */
export type Shape = readonly number[] | undefined;

/** The shapes of a resolved layer, without the batch dimension. */
export interface Shapes {
  inputShape: number[];
  outputShape: number[];
}

/** A resolved layer of any type. */
export interface AnyLayer extends Shapes {
  type: string;
  name: string;
}

/** Where a layer stands among the others. */
export interface Place {
  /** The layer's own place in the declaration. */
  at: Findings;
  /** The shape that comes in; undefined too where it is not one that the layer takes. */
  input: Shape;
  /**
   * What an embedding layer may read: undefined where fractions can come; otherwise every number is a whole one from 0,
   * and below `ids` as far as the features themselves say so (0 where they do not).
   */
  ids: number | undefined;
  /** Resolves a list of layers within this one, which lies at `key` below `at`. */
  resolveList: ResolveList;
}

/** Resolves a list of layers on the shape `input`. */
export type ResolveList = (
  at: Findings,
  key: string | number,
  declared: readonly object[],
  input: Shape,
) => { layers: AnyLayer[]; outputShape: Shape };

/** A shape that a layer takes, and what to do about another one. */
export interface Form {
  readonly rank: number;
  readonly words: string;
  readonly advice: string;
}

/** What one layer's declaration comes to. Without a body, the fields are stored as they were read. */
export interface Outcome<Body> {
  outputShape: Shape;
  body?: Body;
}

/** A type of layer: everything that is known of it without computing. */
// biome-ignore lint/suspicious/noExplicitAny: layers of any fields; the types that matter are inferred from each.
export interface LayerDescription<F extends Fields = any, Body extends object = any> {
  /** One line: what it is, beside the other layers. */
  readonly doc: string;
  readonly input: Struct<F>;
  /** The shape that it takes; by default any. Another one is a problem of the layer. */
  readonly takes?: Form;
  /** The field after which that is checked; by default before all fields. */
  readonly takesAfter?: keyof F;
  /** Checks across fields and against the input, each made when the field under its key has been read. */
  readonly rules?: { readonly [Key in keyof F]?: (fields: ResolvedFields<F>, place: Place) => void };
  /** What comes out, and what is stored where that is not the fields as they are. By default the shape stays. */
  resolve?(fields: ResolvedFields<F>, place: Place, declared: DeclaredFields<F>): Outcome<Body>;
  /** Its parameters in Keras's order; by default none. */
  parameters?(layer: NoInfer<Body> & Shapes): Parameter[];
  /** The layers within it, with the paths that their parameters have there. */
  within?(layer: NoInfer<Body> & Shapes): { path: string; layer: AnyLayer }[];
  /** Whether it moves numbers about and changes none: ids that go in come out as ids. */
  readonly keepsIds?: boolean;
  /** Whether its input is meant to be a sequence. Default: what `takes` says; undefined where both are as likely. */
  readonly readsSequence?: boolean;
}

/** A description, with the types of its fields and of what is stored inferred. */
export function layer<const F extends Fields, Body extends object = ResolvedFields<F>>(
  description: LayerDescription<F, Body>,
): LayerDescription<F, Body> {
  return description;
}

/** What every layer has. The name is resolved with those of the other layers in its list. */
export const named = {
  name: readBy<string, undefined, false>(
    {
      doc: "Unique within its list of layers; neither `inputs` nor `output` nor `optimizer`.",
      takes: { type: "NAME", kind: "layer" },
      required: false,
      absent: { words: "the type and the layer's index, such as `dense_0`" },
    },
    () => undefined,
  ),
};

/** Reads all fields of a layer, makes its checks, and tells what comes out. Every problem is reported. */
export function resolveLayer<F extends Fields, Body extends object>(
  description: LayerDescription<F, Body>,
  declared: DeclaredFields<F>,
  before: Place,
): { body: Body; outputShape: Shape } {
  const { takes, takesAfter, rules } = description;
  const { fields: known } = description.input;
  const values = declared as Record<string, unknown>;
  const resolved: Record<string, unknown> = {};
  const fields = resolved as ResolvedFields<F>;
  let place = takes !== undefined && takesAfter === undefined ? withForm(before, takes) : before;
  for (const key in known) {
    const value: unknown = known[key]?.read(place.at, key, values[key], declared);
    if (value !== undefined) resolved[key] = value;
    if (key === takesAfter && takes !== undefined) place = withForm(place, takes);
    rules?.[key]?.(fields, place);
  }
  const outcome = description.resolve?.(fields, place, declared) ?? { outputShape: before.input };
  return { body: outcome.body ?? (resolved as Body), outputShape: outcome.outputShape };
}

function withForm(place: Place, { rank, words, advice }: Form): Place {
  const { at, input } = place;
  if (input === undefined || input.length === rank) return place;
  at.add("SHAPE_MISMATCH", `takes ${words}, and here comes shape ${shownShape(input)}: ${advice}.`);
  return { ...place, input: undefined };
}
