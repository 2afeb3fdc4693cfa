/** What `inProcess` gives to the processes it starts. */
export { lockDataDirectory } from "../../src/embedded/data-directory-lock.js";
export { startPostgres } from "../../src/embedded/postgres.js";
export { silent } from "../../src/logger.js";
