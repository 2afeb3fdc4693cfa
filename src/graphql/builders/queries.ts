import { Arg, Args, type ClassType, Ctx, ID, Query, Resolver } from "type-graphql";
import type { ObjectLiteral } from "typeorm";
import type { List } from "../../lists/list.js";
import type { ListArguments } from "../../lists/listing.js";
import type { EntityClass } from "../../lists/loaders.js";
import { sliceOf } from "../../lists/slice.js";
import type { Context } from "../context/context.js";
import { addMethod } from "./method.js";

/** A resolver class under construction. */
export type ResolverClass = { prototype: object } & ClassType;

/** An empty resolver class, for the functions below. */
export function newResolver(): ResolverClass {
  @Resolver()
  class Queries {}
  return Queries;
}

/** The query that finds a declaration by its name. */
export function addByName<Row extends ObjectLiteral & { name: string }>(
  resolver: ResolverClass,
  field: string,
  entity: EntityClass<Row>,
  description: string,
): void {
  addMethod(
    resolver,
    field,
    [Query(() => entity, { nullable: true, description })],
    [Arg("name", () => String, { description: "Name of the object." }), Ctx()],
    (name: string, { loaders }: Context) => loaders.byName(entity).load(name),
  );
}

/** The query that finds an object by its id. */
export function addById<Row extends ObjectLiteral & { id: string }>(
  resolver: ResolverClass,
  field: string,
  entity: EntityClass<Row>,
  { description, argument }: { description: string; argument: string },
): void {
  addMethod(
    resolver,
    field,
    [Query(() => entity, { nullable: true, description })],
    [Arg("id", () => ID, { description: argument }), Ctx()],
    (id: string, { loaders }: Context) => loaders.byId(entity).load(id),
  );
}

/** The query that lists all rows. */
export function addList<Row extends ObjectLiteral>(
  resolver: ResolverClass,
  field: string,
  listed: List<Row>,
  description: string,
): void {
  addMethod(
    resolver,
    field,
    [Query(() => listed.Connection, { description })],
    [Args(() => listed.Arguments), Ctx()],
    (args: ListArguments, { loaders }: Context) => new listed.Connection(sliceOf(loaders, listed, args)),
  );
}
