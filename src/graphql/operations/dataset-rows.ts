import { Arg, Args, ArgsType, Ctx, Field, FieldResolver, Int, ObjectType, Query, Resolver, Root } from "type-graphql";
import { type DatasetRow, findRows, StoredRows } from "../../datasets/rows.js";
import { DatasetVersion } from "../../entities/dataset.js";
import { Cost } from "../../entities/field-cost.js";
import { JSONObjectScalar } from "../../entities/scalars.js";
import { SplitPartEnum } from "../../entities/version.js";
import { shown } from "../../language/fields/wording.js";
import { ConnectionArguments, readExtent } from "../../lists/arguments.js";
import { badInput } from "../../lists/condition.js";
import { Connection } from "../../lists/connection.js";
import { decodeCursor, encodeCursor } from "../../lists/cursor.js";
import type { Filter } from "../../lists/filter.js";
import { once } from "../../lists/once.js";
import type { Ordering } from "../../lists/order.js";
import type { Slice } from "../../lists/slice.js";
import type { Context } from "../context/context.js";
import { DatasetRowFilter, readRowFilter } from "../inputs/row-filter.js";

@ObjectType("DatasetRow", { description: "A row of a dataset." })
class DatasetRowObject {
  constructor(readonly read: DatasetRow) {}

  @Field(() => Int, { description: "Its place among all rows of the dataset, from 0; it never changes." })
  get ordinal(): number {
    return this.read.ordinal;
  }

  @Field(() => JSONObjectScalar, {
    description:
      "Its values by feature, as `appendRows` takes them: null for a missing one, instants in ISO 8601 and UTC, images as PNG files in base64 where these hold the same numbers, else as numbers.",
  })
  get values(): Record<string, unknown> {
    return this.read.values;
  }

  @Field(() => SplitPartEnum, { description: "The part of the split that it is in." })
  async part(): Promise<string> {
    return (await this.read.part()).toUpperCase();
  }
}

@Resolver(() => DatasetRowObject)
class DatasetRowFields {
  @FieldResolver(() => DatasetVersion, { description: "The version that added it." })
  async version(@Root() { read }: DatasetRowObject, @Ctx() { loaders }: Context): Promise<DatasetVersion> {
    return (await loaders.byId(DatasetVersion).load(read.versionId)) as DatasetVersion;
  }
}

const DatasetRowConnection = Connection<DatasetRowObject>(DatasetRowObject, "DatasetRow");

@ArgsType()
class DatasetRowArguments extends ConnectionArguments {
  @Field(() => DatasetRowFilter, { nullable: true, description: "Which rows to list. Default: all." })
  filter?: Filter | null;
}

/** Rows are ordered by their ordinals. */
const ordering: Ordering = { name: "ORDINAL", direction: "ASC", kind: "int", value: () => "ordinal" };

@Resolver()
class DatasetRowsQuery {
  @Cost({ weight: 5_000, statement: true, seconds: 120 })
  @Query(() => DatasetRowConnection, {
    description:
      "The rows of a dataset in the order of their ordinals. A page ends early, with `hasNextPage`, where its values would exceed 8 MiB as JSON. NOT_FOUND before the first append.",
  })
  async datasetRows(
    @Arg("dataset", () => String, { description: "Name of the dataset." }) name: string,
    @Arg("version", () => Int, { nullable: true, description: "Number of the version. Default: the newest." })
    number: number | null | undefined,
    @Arg("features", () => [String], { nullable: true, description: "Names of the features to answer. Default: all." })
    features: string[] | null | undefined,
    @Args(() => DatasetRowArguments) args: DatasetRowArguments,
    @Ctx() { platform, session, caller }: Context,
  ): Promise<InstanceType<typeof DatasetRowConnection>> {
    const extent = readExtent(args);
    const opened = await findRows(session.manager, name, number);
    const known = new Set(opened.dataset.features.map((feature) => feature.name));
    for (const [index, feature] of (features ?? []).entries())
      if (!known.has(feature)) throw badInput(`features[${index}]`, `the dataset has no feature ${shown(feature)}`);
    const condition = readRowFilter(args.filter, opened.dataset.features);
    const { store, intake } = platform;
    const stored = new StoredRows(opened, { manager: session.manager, store, reader: intake, signal: caller.signal });
    const list = `rows of ${opened.dataset.id}`;
    const ordinalOf = (argument: "after" | "before") => {
      const cursor = args[argument];
      return cursor == null ? undefined : Number(decodeCursor(argument, cursor, list, ordering).value);
    };
    const [after, before] = [ordinalOf("after"), ordinalOf("before")];
    const page = once(() => stored.page({ select: features ?? null, condition, after, before, ...extent }));
    const slice: Slice<DatasetRowObject> = {
      async page() {
        const { rows, more } = await page();
        const edges = rows.map((row) => ({
          node: new DatasetRowObject(row),
          cursor: encodeCursor(list, ordering, { value: String(row.ordinal), id: "" }),
        }));
        return { edges, more };
      },
      totalCount: once(() => stored.count(condition)),
      // A cursor is that of a row in the list.
      hasNextPage: async () => (!extent.fromEnd && (await page()).more) || before !== undefined,
      hasPreviousPage: async () => (extent.fromEnd && (await page()).more) || after !== undefined,
    };
    return new DatasetRowConnection(slice);
  }
}

/** The rows of datasets. */
export const datasetRowResolvers = [DatasetRowsQuery, DatasetRowFields];
