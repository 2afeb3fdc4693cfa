import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { createSchema } from "./schema.js";
import { printSdl } from "./sdl.js";

/** `npm run schema`: writes the SDL to `schema/schema.graphql`. */
const directory = fileURLToPath(new URL("../../schema/", import.meta.url));
await mkdir(directory, { recursive: true });
await writeFile(`${directory}schema.graphql`, printSdl(createSchema()));
