import { registerEnumType } from "type-graphql";
import { enumOf } from "../../entities/enum.js";
import { embeddingPoolingChoices } from "../../language/layers/input-embedding.js";
import { parameterKindChoices } from "../../language/layers/parameter.js";
import {
  classWeightings,
  invalidRowPolicies,
  losses,
  metricTypes,
  preprocessings,
} from "../../language/models/model.js";
import { sides, standardizations, tokenSplits } from "../../language/preprocessing/preprocessing.js";
import { decayShapes } from "../../language/schedules/schedule.js";
import { deviceRequests } from "../../language/training/training.js";
import { enumFor } from "./derive.js";

export const PreprocessingEnum = enumOf(preprocessings);
registerEnumType(PreprocessingEnum, {
  name: "PreprocessingMethod",
  description:
    "How a feature becomes numbers. Statistics are fitted on the training rows alone and stored with the version; a training that starts from a version keeps those of that version.",
  valuesConfig: {
    Z_SCORE: {
      description:
        "Minus the mean, over the standard deviation. Default of NUMBER, VECTOR, IMAGE and a SEQUENCE of numbers; for TIMESTAMP too, in seconds.",
    },
    MIN_MAX: {
      description:
        "Scaled so that the training rows lie within 0 to 1. For NUMBER, VECTOR, IMAGE, TIMESTAMP and a SEQUENCE of numbers.",
    },
    ONE_HOT: {
      description:
        "A 1 at the category's place among 0s. Default of CATEGORY; for a SEQUENCE of categories, each at its place.",
    },
    ORDINAL: {
      description:
        "Ids, for an embedding layer. CATEGORY: the category's place. SEQUENCE of categories: 0 for padding, then the categories. TEXT: 0 for padding, 1 for unknown tokens, then the vocabulary; of hashed tokens 1 + the bin.",
    },
    EMBEDDING: {
      description:
        "A vector of `dimensions` numbers for each category or token, learned with the model. Default of TEXT and of a SEQUENCE of categories, with the vectors in order or averaged: see `pooling`. For CATEGORY.",
    },
    MULTI_HOT: {
      description:
        "A 1 at the place of every token or category that occurs. For TEXT, where unknown tokens have the first place, and a SEQUENCE of categories.",
    },
    COUNT: { description: "As MULTI_HOT, but how often each occurs." },
    TF_IDF: {
      description: "As COUNT, times log(1 + N / (1 + n)) for a token that n of the N training rows have. For TEXT.",
    },
    CALENDAR: {
      description:
        "The instant by Z_SCORE, and where it lies in the day, the week and the year in UTC, each as sine and cosine: seven numbers. Default of TIMESTAMP.",
    },
    NONE: { description: "As it is; false is 0 and true is 1. The method of BINARY; for numbers of any kind." },
  },
});

export const StandardizationEnum = enumOf(standardizations);
registerEnumType(StandardizationEnum, {
  name: "TextStandardization",
  description: "What becomes of a text before it is taken apart.",
  valuesConfig: {
    LOWER_AND_STRIP_PUNCTUATION: {
      description: "Lower case, without punctuation, which leaves no gap; emoji and other symbols stay.",
    },
    LOWER: { description: "Lower case, in Unicode's normal form C." },
    NONE: { description: "Nothing." },
  },
});

export const TokenSplitEnum = enumOf(tokenSplits);
registerEnumType(TokenSplitEnum, {
  name: "TokenSplit",
  description: "What the tokens of a text are.",
  valuesConfig: {
    WHITESPACE: { description: "What stands between white space." },
    CHARACTER: { description: "Each code point, white space included." },
  },
});

export const SideEnum = enumOf(sides);
registerEnumType(SideEnum, {
  name: "SequenceSide",
  description: "A side of a sequence.",
  valuesConfig: {
    PRE: { description: "Before the first element." },
    POST: { description: "After the last element." },
  },
});

export const EmbeddingPoolingEnum = enumFor(embeddingPoolingChoices);

export const LossEnum = enumOf(losses);
registerEnumType(LossEnum, {
  name: "LossType",
  description: "Loss functions, with the names and definitions of Keras 3.",
  valuesConfig: {
    MEAN_SQUARED_ERROR: { description: "Default of NUMBER and VECTOR targets." },
    MEAN_ABSOLUTE_ERROR: { description: "For NUMBER and VECTOR targets; less moved by outliers." },
    MEAN_ABSOLUTE_PERCENTAGE_ERROR: {
      description: "100 |error| / |target|, for NUMBER and VECTOR targets above 0; the network puts out the logarithm.",
    },
    MEAN_SQUARED_LOGARITHMIC_ERROR: {
      description:
        "Squared error of log(1 + target), for NUMBER and VECTOR targets from 0; the network puts out the logarithm.",
    },
    HUBER: { description: "Squared below `delta`, linear above; for NUMBER and VECTOR targets." },
    LOG_COSH: { description: "log(cosh(error)), a smooth Huber; for NUMBER and VECTOR targets." },
    POISSON: {
      description:
        "rate - target log(rate), for counts: NUMBER and VECTOR targets from 0; the network puts out the rate.",
    },
    BINARY_CROSSENTROPY: { description: "Default of BINARY targets." },
    BINARY_FOCAL_CROSSENTROPY: {
      description: "BINARY_CROSSENTROPY in which what is easy counts less (Lin et al., 2017); for BINARY targets.",
    },
    CATEGORICAL_CROSSENTROPY: { description: "Default of CATEGORY targets." },
    CATEGORICAL_FOCAL_CROSSENTROPY: {
      description: "CATEGORICAL_CROSSENTROPY in which what is easy counts less; for CATEGORY targets.",
    },
    KL_DIVERGENCE: {
      description:
        "Kullback-Leibler divergence, for CATEGORY targets and for VECTOR targets that are distributions: at least 0, with the sum 1.",
    },
    HINGE: {
      description:
        "max(1 - margin, 0), for BINARY targets. The margin is the output before its activation; `probability` is then a score, above 0.5 for true, not calibrated.",
    },
    SQUARED_HINGE: { description: "HINGE squared; for BINARY targets." },
    CATEGORICAL_HINGE: {
      description: "max(1 + max(best wrong output, 0) - right output, 0), for CATEGORY targets; see HINGE.",
    },
  },
});

export const MetricEnum = enumOf(metricTypes);
registerEnumType(MetricEnum, {
  name: "MetricType",
  description:
    "Metrics, measured once per epoch on raw targets in 64-bit floating point. The points of one carry its name in lower case, such as `accuracy`, and on validation rows with `val_` before it. A metric that is undefined is NaN.",
  valuesConfig: {
    ACCURACY: { description: "Share of rows predicted right. CATEGORY (default) and BINARY (default) targets." },
    TOP_2_ACCURACY: { description: "Share of rows whose category is among the 2 most probable. CATEGORY targets." },
    TOP_3_ACCURACY: { description: "Share of rows whose category is among the 3 most probable. CATEGORY targets." },
    TOP_5_ACCURACY: { description: "Share of rows whose category is among the 5 most probable. CATEGORY targets." },
    PRECISION: {
      description:
        "Right ones among those predicted as such; CATEGORY: mean over the classes that are predicted. BINARY: undefined where no row is predicted to be true.",
    },
    RECALL: {
      description:
        "Those found among all there are; CATEGORY: mean over the classes that occur. BINARY: undefined where no row is true.",
    },
    F1_SCORE: {
      description:
        "Harmonic mean of precision and recall; CATEGORY: mean over the classes that occur or are predicted. BINARY: undefined where no row is true or predicted to be.",
    },
    AUC: {
      description:
        "Area under the ROC curve. BINARY targets (default). Undefined where the rows are all true or all false.",
    },
    AUC_PR: {
      description:
        "Area under the precision-recall curve, as average precision. BINARY targets. Undefined where no row is true.",
    },
    MEAN_ABSOLUTE_ERROR: { description: "In the target's own unit. NUMBER and VECTOR targets (default)." },
    MEAN_SQUARED_ERROR: { description: "In the target's own unit, squared. NUMBER and VECTOR targets." },
    ROOT_MEAN_SQUARED_ERROR: { description: "In the target's own unit. NUMBER and VECTOR targets (default)." },
    MEAN_ABSOLUTE_PERCENTAGE_ERROR: {
      description:
        "Mean of 100 |error| / |target|, in percent; a |target| below 1e-7 counts as 1e-7 (Keras). NUMBER and VECTOR targets.",
    },
    R2_SCORE: {
      description:
        "Share of the variance that is explained. NUMBER targets (default). Undefined for a single row and where all targets are equal.",
    },
  },
});

export const MonitorModeEnum = enumOf(["MIN", "MAX"]);
registerEnumType(MonitorModeEnum, {
  name: "MonitorMode",
  description: "Which way a monitored metric gets better.",
  valuesConfig: {
    MIN: { description: "Smaller is better, as for losses and errors." },
    MAX: { description: "Larger is better, as for accuracy." },
  },
});

export const DeviceRequestEnum = enumOf(deviceRequests);
registerEnumType(DeviceRequestEnum, {
  name: "DeviceRequest",
  description: "What a run asks to be computed on. A run that has begun on one kind of device goes on there.",
  valuesConfig: {
    CPU: { description: "Slots of a CPU, one for each thread." },
    GPU: { description: "A whole GPU. The run waits until a worker with one is there." },
    ANY: {
      description:
        "Slots of a CPU where enough are free, which is also the faster choice for small networks; else a free GPU.",
    },
  },
});

export const DecayShapeEnum = enumOf(decayShapes);
registerEnumType(DecayShapeEnum, {
  name: "DecayShape",
  description: "How a learning rate goes down; s is the share of the way that is done.",
  valuesConfig: {
    LINEAR: { description: "1 - s." },
    COSINE: { description: "Half a cosine: (1 + cos(pi s)) / 2." },
    ONE_MINUS_SQRT: { description: "1 - sqrt(s): quickly at first (Hägele et al., 2024)." },
  },
});

export const ParameterKindEnum = enumFor(parameterKindChoices);

export const ClassWeightingEnum = enumOf(classWeightings);
registerEnumType(ClassWeightingEnum, {
  name: "ClassWeighting",
  description: "How the weights of classes follow from the training rows.",
  valuesConfig: {
    BALANCED: {
      description: "Rows over the number of classes and the rows of the class: every class counts the same in sum.",
    },
  },
});

export const InvalidRowsEnum = enumOf(invalidRowPolicies);
registerEnumType(InvalidRowsEnum, {
  name: "InvalidRows",
  description:
    "What a run does about rows that its model cannot use: a negative sample weight, a target for which the loss has no meaning, such as a negative count for POISSON, a number that is no id of the embedding layer that reads it, or one that is infinite in 32-bit floats.",
  valuesConfig: {
    REFUSE: {
      description:
        "One such row fails the run before it trains, with INVALID_ROWS; the message names the first ones by ordinal.",
    },
    SKIP: {
      description:
        "Such rows are left out of training, validation and evaluation; the run's log counts them (ROWS_SKIPPED).",
    },
  },
});
