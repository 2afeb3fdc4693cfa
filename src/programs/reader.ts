import { armFailpoints } from "../failpoint.js";
import { serveReader } from "../imports/reader/serve-reader.js";
import { readConfig } from "./config.js";
import { openPrivateStore } from "./store.js";

/** Composition root of a reader of files, started by a server. */
armFailpoints(process.env);
process.title = "perennial reader";
serveReader(() => openPrivateStore(readConfig(process.env)));
