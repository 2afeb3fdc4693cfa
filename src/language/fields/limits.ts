/** Upper bounds of declarations: generous for real use, small enough that none can exhaust a server's memory. */
export const limits = {
  descriptionLength: 4_000,
  /** Names of what is declared, of layers, aliases and projects. */
  nameLength: 63,
  /** Names of features, which often are the headers of a file. */
  featureNameLength: 200,
  /** Features whose values together decide a row's part of the split. */
  splitKeys: 10,
  features: 20_000,
  /** Of a declared list. */
  categories: 10_000,
  /** Of one feature whose list is the dataset's. */
  datasetCategories: 1_000_000,
  categoryLength: 256,
  /** Numbers in one VECTOR, IMAGE or SEQUENCE, or in what all inputs together become. */
  elements: 1_000_000,
  /** Pixels of an image file, before it is resized: a small file may claim to hold far more than memory does. */
  imagePixels: 2 ** 24,
  /** Numbers that the image files of one request become. */
  decodedNumbers: 2 ** 25,
  /** Pixels of all image files of one request, before they are resized: 32 of the largest. */
  sourcePixels: 2 ** 29,
  /** UTF-16 code units of one TEXT. */
  textLength: 1_000_000,
  /** Characters of a timestamp. */
  timestampLength: 40,
  /** UTF-16 code units of a token that a vocabulary holds: what has no white space is no word worth keeping. */
  tokenLength: 100,
  /** Tokens that a vocabulary holds, or bins that tokens are hashed to: the vocabulary is stored with every version. */
  tokens: 100_000,
  /** Quantiles that one model predicts: as many as there are percentiles. */
  quantiles: 99,
  layers: 1_000,
  units: 65_536,
  /** Of a window, a stride, a dilation or a padding along one axis. */
  extent: 65_536,
  /** Places of a convolution's kernel, each of which may be a part of the compiled graph. */
  kernelPlaces: 10_000,
  /** Layers within layers. */
  nesting: 8,
  /** Branches of one layer. */
  branches: 64,
  /** Rows of a table of embeddings. Ids up to 2^24 are exact in the engine's 32-bit floats. */
  vocabulary: 1_000_000,
  /** Steps of a recurrent layer, each of which is a part of the compiled graph. */
  timeSteps: 1_000,
  /** Numbers that one row becomes between two layers. */
  activations: 10_000_000,
  /** Numbers that one batch becomes between two layers: 4 GiB. */
  batchNumbers: 2 ** 30,
  /** Dimensions of a layer's output without the batch dimension. */
  rank: 5,
  parameters: 500_000_000,
  epochs: 1_000_000,
  /** Threads of one run: each takes a slot of a worker. */
  threads: 64,
  /** Of one run after faults of its own. */
  restarts: 1_000,
  /** A week. */
  stepTimeoutSeconds: 604_800,
  /** Changes of a piecewise learning rate. */
  boundaries: 1_000,
  /** Characters of the name of a metric: the longest there is has 39. */
  metricNameLength: 100,
  /** Metric points that one run writes, of some 150 bytes in Postgres with their indexes: 15 GB. */
  metricPoints: 100_000_000,
  /** Checkpoints that one run saves one after another: each leaves an entry of 150 bytes in its log. */
  savedCheckpoints: 1_000_000,
  /** `keep.latest` and `keep.best`: more than anybody compares. */
  keep: 1_000,
  /** Checkpoints of one run that are kept at once: whenever one is saved, all of them are looked through. */
  keptCheckpoints: 10_000,
  /** Bytes of weights in them, without what the optimizer adds: a tebibyte, 500 checkpoints of the largest model that may be declared. */
  checkpointBytes: 2 ** 40,
  /** Tags of one version, and aliases of one model: both are answered whole, not in pages. */
  tags: 1_000,
  tagKeyLength: 100,
  tagLength: 1_000,
  aliases: 1_000,
  /** UTF-16 code units of the reason why an alias moves. */
  reasonLength: 1_000,
  /** Of an idempotency key. */
  idempotencyKeyLength: 200,
  /** Runs that one run waits for. */
  dependencies: 1_000,
  /** Priorities are from 1 to this. */
  priority: 99,
  /** Seeds, counts and steps fit GraphQL's Int. */
  int: 2 ** 31 - 1,
  /** Problems that one declaration reports. */
  problems: 1_000,
  /** Problems that one batch of rows reports. */
  rowProblems: 100,
} as const;
