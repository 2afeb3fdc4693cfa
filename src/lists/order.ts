import { Field, InputType, registerEnumType } from "type-graphql";
import type { Parameters } from "../db/parameters.js";
import { enumOf } from "../entities/enum.js";
import { isStorable } from "./loaders.js";

export const orderDirections = ["ASC", "DESC"] as const;
export type OrderDirection = (typeof orderDirections)[number];
export const OrderDirectionEnum = enumOf(orderDirections);
registerEnumType(OrderDirectionEnum, {
  name: "OrderDirection",
  description: "The direction of an order.",
  valuesConfig: {
    ASC: { description: "Ascending: smallest, oldest or alphabetically first entry first." },
    DESC: { description: "Descending: greatest, newest or alphabetically last entry first." },
  },
});

/** What `orderBy` arguments hold. */
export interface OrderBy<Name extends string = string> {
  field: Name;
  direction: OrderDirection;
}

/** The input type `<name>Order` with its enum `<name>OrderField`; `fields` describes each value. */
export function orderInput<const Name extends string>(type: string, fields: Record<Name, string>) {
  const OrderField = enumOf(Object.keys(fields) as Name[]);
  registerEnumType(OrderField, {
    name: `${type}OrderField`,
    description: "The fields that a list can be ordered by.",
    valuesConfig: Object.fromEntries(
      Object.entries<string>(fields).map(([name, description]) => [name, { description }]),
    ) as Record<Name, { description: string }>,
  });
  @InputType(`${type}Order`, { description: "The order of a list. Equal values are ordered by id." })
  class Order implements OrderBy<Name> {
    @Field(() => OrderField, { description: "The field to order by." })
    field!: Name;

    @Field(() => OrderDirectionEnum, { defaultValue: "ASC", description: "The direction." })
    direction!: OrderDirection;
  }
  return Order;
}

/** How a cursor writes the values of an order: exactly, because one lost digit would skip or repeat rows. */
interface OrderKind {
  /** The SQL that writes a value as text. */
  write(value: string): string;
  /** The SQL that reads it back from a parameter. */
  read(parameter: string): string;
  /** Whether `read` can take the text: a cursor comes from outside and may hold anything. */
  valid(text: string): boolean;
}

/** The kinds of values that lists are ordered by. */
export const orderKinds = {
  /** Microseconds since 1970, which is all that Postgres keeps; a JavaScript date would lose three digits. */
  instant: {
    write: (value) => `(extract(epoch FROM ${value}) * 1000000)::bigint::text`,
    read: (parameter) => `(timestamptz 'epoch' + ${parameter}::bigint * interval '1 microsecond')`,
    valid: (text) => /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)),
  },
  text: {
    write: (value) => value,
    read: (parameter) => `${parameter}::text`,
    valid: isStorable,
  },
  int: {
    write: (value) => `${value}::text`,
    read: (parameter) => `${parameter}::int`,
    valid: (text) => /^-?\d{1,10}$/.test(text) && Math.abs(Number(text)) < 2 ** 31,
  },
  /** A rank and a number, as an array of two. Rows without a number have a rank before or after all numbers. */
  measurement: {
    write: (value) => `${value}::text`,
    read: (parameter) => `${parameter}::float8[]`,
    valid: (text) => {
      const [, number = ""] = /^\{[012],(.*)\}$/.exec(text) ?? [];
      return (
        /^-?Infinity$/.test(number) ||
        /^-?0$/.test(number) ||
        (/^-?\d+(\.\d+)?(e[+-]\d+)?$/.test(number) && Number.isFinite(Number(number)) && Number(number) !== 0)
      );
    },
  },
} as const satisfies Record<string, OrderKind>;

/** One order of a list: what it sorts by, as SQL over the row `t` that is never null. */
export interface Ordering {
  /** Names the order in cursors: a cursor of another name is refused. */
  name: string;
  direction: OrderDirection;
  kind: keyof typeof orderKinds;
  value(parameters: Parameters): string;
}
