import { expect, test } from "vitest";
import { Model } from "../../src/entities/model.js";
import { testDatabase } from "./database.js";

test("each test database is migrated, empty and apart from the others", async () => {
  const [one, other] = await Promise.all([testDatabase(), testDatabase()]);
  try {
    await one.db.query(`INSERT INTO optimizer (id, name, description) VALUES ('optimizer_a', 'adam', '')`);
    expect(await other.db.query("SELECT * FROM optimizer")).toEqual([]);
    expect(await other.db.manager.count(Model)).toBe(0);
  } finally {
    await Promise.all([one.close(), other.close()]);
  }
});
