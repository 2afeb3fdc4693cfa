import { DeclarablesQuery } from "../declarables/query.js";
import { datasetRowResolvers } from "./dataset-rows.js";
import { InferDatasetQuery } from "./infer-dataset.js";
import { PlanTrainingQuery } from "./plan-training.js";
import { PredictionProbabilities, PredictQuery } from "./predict.js";
import { ProfileQueries } from "./profiles.js";
import { RunMutations } from "./run-mutations.js";
import { RunSubscriptions } from "./run-subscriptions.js";
import { StorageResolver } from "./storage.js";

/** What is done with more than one noun: training and following runs, predictions, plans, profiles, rows, storage. */
export const operationResolvers = [
  RunMutations,
  RunSubscriptions,
  PredictQuery,
  PredictionProbabilities,
  PlanTrainingQuery,
  ProfileQueries,
  StorageResolver,
  DeclarablesQuery,
  InferDatasetQuery,
  ...datasetRowResolvers,
];
