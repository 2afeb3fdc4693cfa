import { Extensions } from "type-graphql";

/**
 * What `transport/operation-cost.ts` must know of a field and the schema's types do not tell. Declared with
 * `@Cost({ … })` on the field, so that it is told once and lies beside what it describes.
 */
export interface FieldCost {
  /**
   * Of a list that is no page of a connection: how long it is. A number is a usual length, for lists whose length only the
   * database knows. `PAGE`: as long as the enclosing field's `page`.
   */
  length?: number | ArgumentLength | "PAGE";
  /** How long the lists with `length: "PAGE"` below this field are. Connections have theirs from `first` and `last`. */
  page?: ArgumentLength;
  /** Nodes that the field counts for beside its own, because it computes or reads more than a row. Default: 0. */
  weight?: number;
  /** Whether each occurrence of the field costs SQL statements of its own. Default: connections do. */
  statement?: boolean;
  /** How long an operation with this field may take, in seconds, where that is more than `operationLimits.seconds`. */
  seconds?: number;
}

/** A length that the caller decides: the first of these arguments that is given (a number, or the length of a list). */
export interface ArgumentLength {
  arguments: readonly string[];
  /** Where none of them is given, neither by the caller nor by the schema's default. */
  otherwise: number;
  /** The most that the resolver takes. */
  max: number;
}

const key = "perennial.cost";

/** Declares the cost of a field, below its `@Field`, `@FieldResolver`, `@Query`, `@Mutation` or `@Subscription`. */
export function Cost(cost: FieldCost): MethodDecorator & PropertyDecorator {
  return Extensions({ [key]: cost });
}

/** What `Cost` declared for a field; empty where nothing was declared. */
export function declaredCost(field: { extensions: Readonly<Record<string, unknown>> }): FieldCost {
  return (field.extensions[key] as FieldCost | undefined) ?? {};
}
