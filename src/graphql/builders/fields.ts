import { Arg, Args, type ClassType, Ctx, FieldResolver, Int, Resolver, Root } from "type-graphql";
import type { ObjectLiteral } from "typeorm";
import type { List } from "../../lists/list.js";
import type { ListArguments } from "../../lists/listing.js";
import type { EntityClass } from "../../lists/loaders.js";
import { numberedLoader } from "../../lists/numbered.js";
import { sliceOf } from "../../lists/slice.js";
import type { Context } from "../context/context.js";
import { addMethod, type ParameterDecorator } from "./method.js";

type Identified = ObjectLiteral & { id: string };

/** A field of an object type that leads to other objects. */
export interface Relation<Row> {
  type: () => ClassType;
  nullable?: boolean;
  description: string;
  /** The decorators of its parameters after the object and the context. */
  parameters: ParameterDecorator[];
  resolve(row: Row, context: Context, ...parameters: never[]): unknown;
}

/** The object whose id is in a property; null where that is null. */
export function one<Row, Property extends keyof Row & string>(
  target: EntityClass<Identified>,
  property: Property,
  description: string,
  { nullable = false } = {},
): Relation<Row> {
  return {
    ...{ type: () => target, nullable, description, parameters: [] },
    resolve(row, { loaders }) {
      const id = row[property] as string | null;
      return id === null ? null : loaders.byId(target).load(id);
    },
  };
}

/** The rows of a list that belong to the object, by its id in `column`. */
export function many<Row extends { id: string }>(
  // biome-ignore lint/suspicious/noExplicitAny: a list of whatever rows.
  listed: List<any>,
  column: string,
  description: string,
): Relation<Row> {
  return {
    ...{ type: () => listed.Connection, description, parameters: [Args(() => listed.Arguments)] },
    resolve: ({ id }, { loaders }, args: ListArguments) =>
      new listed.Connection(sliceOf(loaders, listed, args, { column, id })),
  };
}

/** The newest of the object's numbered rows; null where there is none. */
export function newest<Row extends { id: string }>(
  target: EntityClass<Identified & { number: number }>,
  column: string,
  description: string,
): Relation<Row> {
  return {
    ...{ type: () => target, nullable: true, description, parameters: [] },
    resolve: ({ id }, { loaders }) => numberedLoader(loaders, target, column).load({ ownerId: id }),
  };
}

/**
 * One of the object's numbered rows, by the argument `number`; null where there is none.
 *
 * @param argument.nullable without a number, it is the newest.
 */
export function numbered<Row extends { id: string }>(
  target: EntityClass<Identified & { number: number }>,
  column: string,
  description: string,
  argument: { nullable?: boolean; description: string },
): Relation<Row> {
  return {
    ...{ type: () => target, nullable: true, description, parameters: [Arg("number", () => Int, argument)] },
    resolve: ({ id }, { loaders }, number: number | null | undefined) =>
      numberedLoader(loaders, target, column).load({ ownerId: id, number }),
  };
}

/** A text made from the row alone. */
export function text<Row>(description: string, make: (row: Row) => string): Relation<Row> {
  return { type: () => String as unknown as ClassType, description, parameters: [], resolve: (row) => make(row) };
}

/** Whether something holds of the row. */
export function flag<Row>(description: string, holds: (row: Row) => boolean): Relation<Row> {
  return { type: () => Boolean as unknown as ClassType, description, parameters: [], resolve: (row) => holds(row) };
}

/** A resolver class with these fields of an entity's object type. */
export function fieldsOf<Row extends ObjectLiteral>(
  entity: EntityClass<Row>,
  relations: Readonly<Record<string, Relation<Row>>>,
): ClassType {
  @Resolver(() => entity)
  class Fields {}
  for (const [name, { type, nullable = false, description, parameters, resolve }] of Object.entries(relations))
    addMethod(Fields, name, [FieldResolver(type, { nullable, description })], [Root(), Ctx(), ...parameters], resolve);
  return Fields;
}
