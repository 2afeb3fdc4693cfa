import type { DataSource, EntityManager } from "typeorm";

/**
 * What a notification can be about. A notification is only a hint that there is something new to read: rows are the
 * truth, and everyone who waits also polls.
 */
export type Topic =
  | { type: "run"; runId: string }
  | { type: "metrics"; runId: string }
  | { type: "model"; modelId: string }
  | { type: "dataset"; datasetId: string }
  | { type: "import"; importId: string }
  | { type: "export"; exportId: string }
  | { type: "queue" };

/** The one Postgres channel; its payload is the topic's key. */
export const channel = "perennial";

/** A topic as a string, such as `metrics:run_…`. */
export function topicKey(topic: Topic): string {
  switch (topic.type) {
    case "queue":
      return "queue";
    case "run":
    case "metrics":
      return `${topic.type}:${topic.runId}`;
    case "import":
      return `import:${topic.importId}`;
    case "export":
      return `export:${topic.exportId}`;
    case "model":
      return `model:${topic.modelId}`;
    case "dataset":
      return `dataset:${topic.datasetId}`;
  }
}

/** Within a transaction the notification leaves with its commit. */
export async function publish(db: DataSource | EntityManager, ...topics: Topic[]): Promise<void> {
  if (topics.length > 0)
    await db.query("SELECT pg_notify($1, key) FROM unnest($2::text[]) AS key", [channel, topics.map(topicKey)]);
}
