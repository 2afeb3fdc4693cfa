import { aliasResolvers } from "./alias.js";
import { datasetResolvers } from "./dataset.js";
import { datasetExportResolvers } from "./dataset-export.js";
import { featureResolvers } from "./feature.js";
import { importResolvers } from "./import.js";
import { modelResolvers } from "./model.js";
import { optimizerResolvers } from "./optimizer.js";
import { retrainingResolvers } from "./retraining.js";
import { runResolvers } from "./run.js";
import { uploadResolvers } from "./upload.js";
import { versionResolvers } from "./version.js";
import { workerResolvers } from "./worker.js";

/** What the API has of each noun: its queries, lists, fields, histories, and the mutations that declare or change it. */
export const nounResolvers = [
  ...datasetResolvers,
  ...featureResolvers,
  ...modelResolvers,
  ...optimizerResolvers,
  ...retrainingResolvers,
  ...runResolvers,
  ...versionResolvers,
  ...aliasResolvers,
  ...workerResolvers,
  ...uploadResolvers,
  ...importResolvers,
  ...datasetExportResolvers,
];
