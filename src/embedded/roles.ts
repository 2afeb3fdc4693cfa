import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { writePrivateFile } from "./private-file.js";
import type { Launcher, Places } from "./privileges.js";
import { runProgram } from "./program.js";

/** The superuser that initdb makes. It has no password, and no rule of pg_hba.conf lets it in. */
export const superuserName = "perennial";
/** The platform's role: the owner of its database and of everything in it, without further rights. */
export const roleName = "platform";
export const databaseName = "perennial";

/** The first line of our pg_hba.conf, which is written last: a cluster with it has the role below. */
const accessMark =
  "# Written by Perennial: the platform's role may reach the platform's database, and nobody anything else.";
const accessRules = `${accessMark}
# The superuser is reached without a network: stop Perennial, then \`postgres --single -D <this directory> ${databaseName}\`.
host ${databaseName} ${roleName} 127.0.0.1/32 scram-sha-256
`;

const accessPath = (places: Places) => join(places.pgdata, "pg_hba.conf");

/** Whether the platform connects to the cluster as a role of its own. Clusters of earlier releases have only a superuser. */
export async function isClosedToSuperuser(places: Places): Promise<boolean> {
  return (await readFile(accessPath(places), "utf8")).startsWith(accessMark);
}

/**
 * Statements that create the role, or complete one that exists. A role without these rights cannot read the server's
 * files, run programs (`COPY … PROGRAM`), or make roles and databases.
 */
function roleStatements(secret: string): string[] {
  const rights = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS";
  return [
    `DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${roleName}') THEN CREATE ROLE ${roleName}; END IF;
END $$`,
    // The secret is hexadecimal, so nothing needs escaping.
    `ALTER ROLE ${roleName} WITH ${rights} PASSWORD '${secret}'`,
    // The server's log would repeat what users store: the platform logs its failed statements itself, without values.
    `ALTER ROLE ${roleName} SET log_min_messages = 'log'`,
    `ALTER ROLE ${roleName} SET log_min_error_statement = 'panic'`,
    `ALTER ROLE ${roleName} SET log_error_verbosity = 'terse'`,
  ];
}

/** Gives the database and what users may have put into it to the role. What belongs to an extension stays with it. */
const ownershipStatements = [
  `ALTER DATABASE ${databaseName} OWNER TO ${roleName}`,
  `DO $$
DECLARE
  superuser CONSTANT oid := 10;
  change text;
BEGIN
  FOR change IN
    WITH home AS (
      SELECT oid, nspname, nspowner FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
    ), kept AS (
      SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
      -- The sequence of a column has its table's owner.
      UNION SELECT classid, objid FROM pg_depend WHERE classid = 'pg_class'::regclass
        AND refclassid = 'pg_class'::regclass AND refobjsubid > 0 AND deptype IN ('a', 'i')
    )
    SELECT format('SCHEMA %I', nspname) FROM home
      WHERE nspowner = superuser AND ('pg_namespace'::regclass, oid) NOT IN (SELECT * FROM kept)
    UNION ALL
    SELECT format('TABLE %s', c.oid::regclass) FROM pg_class c JOIN home ON home.oid = c.relnamespace
      WHERE relowner = superuser AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        AND ('pg_class'::regclass, c.oid) NOT IN (SELECT * FROM kept)
    UNION ALL
    SELECT format('ROUTINE %s', p.oid::regprocedure) FROM pg_proc p JOIN home ON home.oid = p.pronamespace
      WHERE proowner = superuser AND ('pg_proc'::regclass, p.oid) NOT IN (SELECT * FROM kept)
    UNION ALL
    SELECT format('TYPE %s', t.oid::regtype) FROM pg_type t JOIN home ON home.oid = t.typnamespace
      LEFT JOIN pg_class c ON c.oid = t.typrelid
      WHERE typowner = superuser AND (typtype IN ('e', 'd', 'r') OR (typtype = 'c' AND c.relkind = 'c'))
        AND ('pg_type'::regclass, t.oid) NOT IN (SELECT * FROM kept)
    UNION ALL
    SELECT format('LARGE OBJECT %s', oid) FROM pg_largeobject_metadata WHERE lomowner = superuser
  LOOP
    EXECUTE format('ALTER %s OWNER TO ${roleName}', change);
  END LOOP;
END $$`,
  `ALTER ROLE ${superuserName} PASSWORD NULL`,
];

/**
 * Makes the platform's role the only one that may connect, and the owner of its database. The cluster must be stopped. Safe
 * to repeat after a crash at any moment: the access rules, which mark the conversion as complete, are written last.
 */
export async function closeToSuperuser(places: Places, launcher: Launcher, secret: string): Promise<void> {
  await runAsSuperuser(places, launcher, "postgres", roleStatements(secret));
  // Where it exists already, the next step finds it; where it cannot be made, that step says so.
  const create = `CREATE DATABASE ${databaseName} OWNER ${roleName}`;
  await runAsSuperuser(places, launcher, "postgres", [create], { mayFail: true });
  await runAsSuperuser(places, launcher, databaseName, ownershipStatements);
  await writePrivateFile(accessPath(places), accessRules, launcher.owner);
}

/**
 * Runs statements as the superuser in a server without a network, which needs no password. The cluster must be stopped.
 * Rejects with what the server said, which holds no statement: a statement may hold a secret.
 *
 * @param mayFail whether failed statements are ignored.
 */
export function runAsSuperuser(
  places: Places,
  launcher: Launcher,
  database: string,
  statements: string[],
  { mayFail = false }: { mayFail?: boolean } = {},
): Promise<void> {
  const settings = { exit_on_error: mayFail ? "off" : "on", log_min_error_statement: "panic", log_checkpoints: "off" };
  // -j: a statement ends at a semicolon before an empty line, not at the end of its first line.
  const args = ["-j", ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]), database];
  const input = statements.map((statement) => `${statement};\n\n`).join("");
  return runProgram(
    launcher,
    places.programs,
    { program: "postgres", cluster: places.pgdata, single: true, args },
    { input },
  );
}
