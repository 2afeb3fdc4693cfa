import type { DataSource, ObjectLiteral } from "typeorm";

type EntityClass<Row extends ObjectLiteral> = new () => Row;

/** The columns of an entity for a statement of one's own. */
export function columnsOf<Row extends ObjectLiteral>(db: DataSource, entity: EntityClass<Row>, table: string): string {
  return db
    .getMetadata(entity)
    .columns.map(({ databaseName }) => `${table}."${databaseName}"`)
    .join(", ");
}

/** The entity that a row is, as TypeORM's own `find` would make it. */
export function entityOf<Row extends ObjectLiteral>(
  db: DataSource,
  entity: EntityClass<Row>,
  values: Record<string, unknown>,
): Row {
  const row = new entity();
  for (const column of db.getMetadata(entity).columns)
    column.setEntityValue(row, db.driver.prepareHydratedValue(values[column.databaseName], column));
  return row;
}
