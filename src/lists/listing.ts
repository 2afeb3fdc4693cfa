import { ArgsType, type ClassType, Field } from "type-graphql";
import { ConnectionArguments } from "./arguments.js";
import { type Filter, type FilterFields, filterInput } from "./filter.js";
import { type OrderBy, type Ordering, orderInput, type orderKinds } from "./order.js";

/** The arguments of a list: a page, and which rows in what order. */
export interface ListArguments extends ConnectionArguments {
  filter?: Filter | null;
  orderBy?: OrderBy | null;
}

/** An order that clients choose: its input type, and the ordering that a choice means; without one, the list's own. */
export interface Order {
  input: ClassType<OrderBy>;
  ordering(by: OrderBy | null | undefined): Ordering;
}

/** How lists of one kind are filtered and ordered. Several lists may share it. */
export interface Listing {
  /** The columns of a filter, in the argument `filter`; none for logs. */
  fields: FilterFields;
  /** The input type of a filter; undefined for logs. */
  Filter?: ClassType<Filter>;
  /** The arguments of fields that answer such a list. */
  Arguments: ClassType<ListArguments>;
  ordering: Order["ordering"];
}

/**
 * Describes how lists are filtered and ordered: makes the input types `<type>Filter` and, by `order`, `<type>Order`.
 *
 * @param filter.description the first sentence of the filter, such as "Which runs to list."
 * @param order.description the description of the argument `orderBy`.
 */
export function listing(
  type: string,
  { filter, order }: { filter: { description: string; fields: FilterFields }; order: Order & { description: string } },
): Listing {
  const FilterInput = filterInput(type, filter.description, filter.fields);
  const OrderInput = order.input;

  @ArgsType()
  class Arguments extends ConnectionArguments {
    @Field(() => FilterInput, { nullable: true, description: "Which entries to list. Default: all." })
    filter?: Filter | null;

    @Field(() => OrderInput, { nullable: true, description: order.description })
    orderBy?: OrderBy | null;
  }
  return { fields: filter.fields, Filter: FilterInput, Arguments, ordering: order.ordering };
}

/** A list in the order in which its rows were written, by the column `seq`, without filters. */
export function logListing(): Listing {
  return {
    fields: {},
    Arguments: ConnectionArguments,
    ordering: () => ({ name: "SEQ", direction: "ASC", kind: "int", value: () => "t.seq" }),
  };
}

type Columns<Name extends string> = Record<Name, { column: string; kind: keyof typeof orderKinds }>;

/** What a choice among plain columns means. */
export function orderingByColumns<Name extends string>(
  columns: Columns<Name>,
  otherwise: OrderBy<NoInfer<Name>>,
): Order["ordering"] {
  return (by) => {
    const { field, direction } = (by ?? otherwise) as OrderBy<Name>;
    const { column, kind } = columns[field];
    return { name: field, direction, kind, value: () => `t.${column}` };
  };
}

/** An order by plain columns: the input type `<type>Order`. */
export function byColumns<Name extends string>(
  type: string,
  columns: Columns<Name> & Record<Name, { description: string }>,
  otherwise: OrderBy<NoInfer<Name>>,
): Order {
  const descriptions = Object.entries<{ description: string }>(columns).map(([name, { description }]) => [
    name,
    description,
  ]);
  return {
    input: orderInput(type, Object.fromEntries(descriptions) as Record<Name, string>),
    ordering: orderingByColumns(columns, otherwise),
  };
}
