import { ArgsType, Field, Int } from "type-graphql";
import { count } from "../language/fields/wording.js";
import { badInput, maxListLength } from "./condition.js";

/** Maximum and default number of rows per page. */
export const pageSizes = { max: 1_000, default: 50 } as const;

/** The most that lists and their arguments hold. */
export const listLimits = {
  pageSize: pageSizes.max,
  /** Entries of `in`, `notIn` and `names`. */
  entries: maxListLength,
  /** `maxPoints`: points of one metric of one run. */
  points: 10_000,
  /** `limit`: moves of one alias. */
  moves: 1_000,
  /** `top`: probabilities of one prediction. */
  probabilities: 10_000,
  /** Of one feature, in a list; the others come in pages. */
  categories: 10_000,
  /** Of all features of one operation, in lists. */
  operationCategories: 200_000,
} as const;

/**
 * Reads an argument that is a number of items.
 *
 * @throws PlatformError BAD_INPUT, naming the argument, when it is not from 1 to `most`.
 */
export function assertAmount(argument: string, given: number, most: number): void {
  if (given < 1 || given > most)
    throw badInput(argument, `must be a whole number from 1 to ${count(most)}, got ${given}`);
}

@ArgsType()
export class ConnectionArguments {
  @Field(() => Int, {
    nullable: true,
    description: "Number of entries from the start, 0 to 1,000. Default without `last`: 50.",
  })
  first?: number | null;

  @Field(() => String, {
    nullable: true,
    description: "List only entries after this cursor, which must come from the same list and order.",
  })
  after?: string | null;

  @Field(() => Int, {
    nullable: true,
    description: "Number of entries from the end, 0 to 1,000, in the same order. Not allowed together with `first`.",
  })
  last?: number | null;

  @Field(() => String, {
    nullable: true,
    description: "List only entries before this cursor, which must come from the same list and order.",
  })
  before?: string | null;
}

/** How much of a list a page takes. */
export interface Extent {
  size: number;
  /** Whether the page is taken from the end of the rows between the cursors, not from their start. */
  fromEnd: boolean;
}

/**
 * Reads `first` and `last`.
 *
 * @throws PlatformError BAD_INPUT, naming the argument, when both are given or one is out of range.
 */
export function readExtent({ first, last }: ConnectionArguments): Extent {
  if (first != null && last != null) throw badInput("last", "give either `first` or `last`, not both");
  const argument = last != null ? "last" : "first";
  const size = last ?? first ?? pageSizes.default;
  if (size < 0 || size > pageSizes.max)
    throw badInput(argument, `must be a whole number from 0 to ${pageSizes.max}, got ${size}`);
  return { size, fromEnd: last != null };
}
