import type { ExportFormat } from "../../entities/dataset-export.js";

/** How the names of exported files end. */
export const fileEndings: Readonly<Record<ExportFormat, string>> = { PARQUET: "parquet", CSV: "csv", NDJSON: "ndjson" };
